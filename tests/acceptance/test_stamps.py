"""Time-stamps as an operator meets them: named in the settings, taken by the service, by a command, and for a pack."""

import threading

import pytest

from tests.authority import make_authority, serving_authority
from tests.installation import docket, wait_for
from tests.packs import verify

MAIL = b"From: k3jx9v@marketplace.amazon.de\r\nTo: support@brand.example\r\nSubject: Order 112-1234567-1234567\r\n\r\nHello\r\n"


@pytest.fixture(scope="module")
def tsa(tmp_path_factory):
    with serving_authority(make_authority(tmp_path_factory.mktemp("tsa") / "tsa")) as authority:
        yield authority


def types(place):
    with place.archive() as archive:
        return [entry.type for entry in archive.entries(0)]


def test_the_service_has_its_log_stamped_and_a_pack_carries_the_stamps(new_installation, tsa, tmp_path):
    place = new_installation(more=f"[timestamps]\nevery_minutes = 0.01\n{tsa.toml()}")
    (tmp_path / "a.eml").write_bytes(MAIL)
    place.json("import", tmp_path / "a.eml")
    place.start()
    wait_for(lambda: "timestamp" in types(place), why=place.log)
    place.settled()
    assert place.stop() == 0
    (status,) = place.json("status")
    stands = status["timestamps"]["test"]
    assert (stands["size"] > 0, abs(stands["off_s"]) < 60, stands["mend"]) == (True, True, [])
    (told,) = place.json("export", "112-1234567-1234567", "-o", tmp_path / "pack")
    assert (told["verdict"], told["unstamped"]) == ("VERIFIED", [])
    code, lines = verify(tmp_path / "pack", "--fingerprint", told["fingerprint"], "--tsa", tsa.root)
    assert code == 0, lines
    assert sum("says an authority that you trust" in line for line in lines) == 2
    assert place.is_clean()


def test_a_command_takes_a_stamp_and_says_when_it_gets_none(new_installation, tsa):
    place = new_installation(more=f"[timestamps]\nevery_minutes = 0.0001\n{tsa.toml()}")
    place.run("note", "112-1234567-1234567", "hello")
    late = wait_for(lambda: place.json("status")[0]["timestamps"]["test"]["mend"])
    assert "it has not signed for what came since" in late[0]
    (told,) = place.json("stamp")
    assert told["authority"] == "test"
    tsa.answer = lambda _query, _honest: b"no"
    try:
        done = place.run("stamp")
    finally:
        tsa.answer = lambda _query, honest: honest
    assert done.returncode == 1
    assert "time-stamp authority test" in done.stderr


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("", "no time-stamp authority is set"),
        ('[[timestamps.authority]]\nname = "a"\nurl = "https://x/"\ncertificate = "/no.pem"\nroots = "/no.pem"', "/no.pem"),
        ('[[timestamps.authority]]\nname = "A b"\nurl = "https://x/"\ncertificate = "a"\nroots = "b"', "cannot name an authority"),
    ],
)  # fmt: skip
def test_settings_that_cannot_work_are_told_of(new_installation, settings, said):
    place = new_installation()
    config = place.data / "config.toml"
    config.write_text(f"{config.read_text()}\n{settings}\n")
    done = docket("--data", place.data, "stamp")
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_an_authority_that_never_answers_does_not_hold_up_the_end(new_installation, tmp_path_factory):
    asked, over = threading.Event(), threading.Event()

    def never(_query, honest):
        asked.set()
        over.wait(120)
        return honest

    with serving_authority(make_authority(tmp_path_factory.mktemp("slow") / "tsa")) as slow:
        slow.answer = never
        place = new_installation(more=slow.toml(more="timeout_s = 600.0"))
        place.start()
        try:
            assert asked.wait(60)
            assert place.stop() == 0
        finally:
            over.set()
