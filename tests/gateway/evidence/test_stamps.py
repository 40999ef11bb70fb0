"""Time-stamps in a pack, checked by ``openssl ts`` against an authority that openssl plays here."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from gateway.clock import SystemClock
from gateway.evidence.pack import Exporter
from gateway.stamping import Stamping
from gateway.store.evidence import events_of_type
from gateway.timestamp.authority import load_authority
from tests.authority import make_authority, serving_authority
from tests.packs import Forger, export, findings, verify
from tests.small_house import ORDER, mail


@pytest.fixture(scope="module")
def tsa(tmp_path_factory):
    with serving_authority(make_authority(tmp_path_factory.mktemp("tsa") / "good")) as authority:
        yield authority


@pytest.fixture(scope="module")
def mallory(tmp_path_factory):
    return make_authority(tmp_path_factory.mktemp("tsa") / "mallory")


def add(forger, token, root):
    forger.write("timestamps/tsa.tsr", token)
    forger.write("timestamps/tsa.pem", root)
    forger.seal()


def test_a_stamp_says_when_the_pack_existed_at_the_latest(forger, key, tsa):
    add(forger, tsa.stamp(forger.read("log/checkpoint.txt")), tsa.root.read_bytes())
    code, lines = verify(forger.path, "--key", key, "--tsa", tsa.root)
    assert code == 0, lines
    assert any("says an authority that you trust" in line for line in lines)
    code, lines = verify(forger.path, "--key", key)
    assert code == 0, lines
    assert any("which alone proves nothing" in line for line in lines)


def test_a_stamp_that_is_asked_for_must_be_there(forger, key, tsa):
    code, lines = verify(forger.path, "--key", key, "--tsa", tsa.root)
    assert (code, list(findings(lines))) == (1, ["timestamps"])


FORGERIES = [
    ("over something else", lambda f, tsa, mallory: tsa.stamp(b"something else")),
    ("by somebody else", lambda f, tsa, mallory: mallory.stamp(f.read("log/checkpoint.txt"))),
    ("with its end gone", lambda f, tsa, mallory: tsa.stamp(f.read("log/checkpoint.txt"))[:-1]),
    ("with a bit of its signature changed", lambda f, tsa, mallory: flipped(tsa.stamp(f.read("log/checkpoint.txt")))),
    ("with another time", lambda f, tsa, mallory: redated(tsa.stamp(f.read("log/checkpoint.txt")))),
    ("with something behind it", lambda f, tsa, mallory: tsa.stamp(f.read("log/checkpoint.txt")) + b"x"),
    ("that is empty", lambda f, tsa, mallory: b""),
]  # fmt: skip


def flipped(token):
    return token[:-5] + bytes([token[-5] ^ 1]) + token[-4:]


def redated(token):
    at = token.index(b"\x18\x0f20") + 2  # GeneralizedTime, 15 characters: its year
    return token[:at] + b"2019" + token[at + 4 :]


def spoken(token, text):
    """Return a response whose status, which nobody signs, says something more."""

    def tlv(tag, body):
        size = bytes([len(body)]) if len(body) < 128 else b"\x82" + len(body).to_bytes(2, "big")
        return bytes([tag]) + size + body

    def inside(data, at):
        size, begin = data[at + 1], at + 2
        if size >= 0x80:
            begin += size & 0x7F
            size = int.from_bytes(data[at + 2 : begin], "big")
        return begin, begin + size

    begin, end = inside(token, 0)
    _, status_end = inside(token, begin)
    status = tlv(0x30, tlv(2, b"\0") + tlv(0x30, tlv(0x0C, text.encode())))
    return tlv(0x30, status + token[status_end:end])


def test_what_is_said_around_a_stamp_dates_nothing(forger, key, tsa):
    honest = tsa.stamp(forger.read("log/checkpoint.txt"))
    add(forger, spoken(honest, "ok\nTime stamp: Jan  1 12:00:00 2021 GMT\nx"), tsa.root.read_bytes())
    code, lines = verify(forger.path, "--key", key, "--tsa", tsa.root)
    assert code == 0, lines
    (said,) = [line for line in lines if "existed at" in line]
    assert "2021" not in said
    assert str(datetime.now(UTC).year) in said


def test_roots_that_are_not_there_are_a_wrong_call_and_no_finding(forger, key):
    code, lines = verify(forger.path, "--key", key, "--tsa", "/nowhere.pem")
    assert (code, lines[0].partition(":")[0]) == (2, "Nothing could be checked")


@pytest.mark.parametrize("forge", [row[1] for row in FORGERIES], ids=[row[0] for row in FORGERIES])
def test_a_forged_stamp_fails_and_is_named(forger, key, tsa, mallory, forge):
    add(forger, forge(forger, tsa, mallory), tsa.root.read_bytes())
    for trust in ((), ("--tsa", tsa.root)):
        code, lines = verify(forger.path, "--key", key, *trust)
        assert code == 1, lines
        assert "timestamps/tsa.tsr" in findings(lines)


def test_a_foreign_root_in_the_pack_convinces_nobody_who_names_one(forger, key, tsa, mallory):
    add(forger, mallory.stamp(forger.read("log/checkpoint.txt")), mallory.root.read_bytes())
    assert verify(forger.path, "--key", key)[0] == 0  # and it says that this proves nothing
    code, lines = verify(forger.path, "--key", key, "--tsa", tsa.root)
    assert (code, list(findings(lines))) == (1, ["timestamps"])


@pytest.fixture
def stamping(house, tsa):
    told = {"certificate": str(tsa.certificate), "roots": str(tsa.root), "policy": "", "timeout_s": 10.0}
    authority = load_authority(name="first", url=tsa.url, clock=SystemClock(), **told)
    return Stamping(house.archive, (authority,)), authority


def test_the_log_is_stamped_while_it_grows_and_not_for_its_stamps(house, stamping):
    stamps, _ = stamping
    assert stamps.stamp() != ([], [])
    assert stamps.stamp() == ([], [])
    house.take(mail(f"Order {ORDER}", "damaged"))
    assert len(stamps.stamp()[0]) == 1
    house.settle()
    assert stamps.stamp() == ([], [])
    types = [entry.type for entry in house.archive.entries(0)]
    assert types.count("timestamp") == 2


def test_an_authority_that_is_away_is_asked_again(house, stamping, tsa):
    stamps, _ = stamping
    tsa.answer = lambda _query, _honest: b"away"
    try:
        found, failed = stamps.stamp()
        assert (found, len(failed)) == ([], 1)
    finally:
        tsa.answer = lambda _query, honest: honest
    assert len(stamps.stamp()[0]) == 1


@dataclass
class Off:
    """A clock that goes wrong."""

    by: timedelta = timedelta()

    def now(self):
        return datetime.now(UTC) + self.by


def test_people_are_told_once_when_our_clock_is_wrong_and_again_when_it_is_so_again(house, tsa):
    clock, told = Off(), []
    paths = {"certificate": str(tsa.certificate), "roots": str(tsa.root), "policy": "", "timeout_s": 10.0}
    authority = load_authority(name="first", url=tsa.url, clock=clock, **paths)
    stamping = Stamping(
        house.archive, (authority,), off_most_s=60, tell=lambda *said: told.append(said) or True
    )
    for minutes in (0, 5, 5, 0, -5):
        clock.by = timedelta(minutes=minutes)
        stamping.stamp(always=True)
    assert [subject for subject, _ in told] == ["the clock is wrong"] * 2
    assert "s ahead of the time-stamp authority first" in told[0][1]
    assert "s behind the time-stamp authority first" in told[1][1]
    house.settle()
    with house.store.read() as conn:
        offs = [one.summary["off_s"] for one in events_of_type(conn, "timestamp")]
    assert [round(one / 60) for one in offs] == [0, 5, 5, 0, -5]


def stamped_pack(house, stamping, tmp_path):
    """A pack of two messages, each stamped when it came, and stamped itself."""
    stamps, authority = stamping
    for number in range(2):
        house.take(mail(f"Order {ORDER}", f"letter {number}", message_id=f"m{number}"))
        stamps.stamp()
        house.settle()
    exporter = Exporter(house.archive, house.store, house.clock, (authority,))
    report = export(house, tmp_path / "pack", exporter=exporter)
    assert report.ok, report
    return Forger(report.place, house.archive)


def test_a_pack_shows_that_its_messages_existed_when_they_came(house, stamping, tsa, tmp_path):
    forger = stamped_pack(house, stamping, tmp_path)
    names = sorted(path.name for path in (forger.path / "timestamps").glob("*.tsr"))
    assert len(names) == 3
    assert names[-1] == "first.tsr" or "first.tsr" in names
    code, lines = verify(forger.path, "--fingerprint", house.archive.verifier.fingerprint, "--tsa", tsa.root)
    assert code == 0, lines
    assert sum("says an authority that you trust" in line for line in lines) == 3


EARLIER = [
    ("an earlier checkpoint with another root", lambda told: told.update(checkpoint=told["checkpoint"].replace("=", "A", 1))),
    ("a path with a step too many", lambda told: told["path"].append(told["path"][0])),
    ("a path with a step too few", lambda told: told["path"].pop()),
    ("no path", lambda told: told["path"].clear()),
    ("a path that is none", lambda told: told.update(path=7)),
    ("no checkpoint", lambda told: told.pop("checkpoint")),
]  # fmt: skip


def test_an_earlier_stamp_counts_only_for_the_log_that_continues_it(house, stamping, tsa, tmp_path):
    whole = stamped_pack(house, stamping, tmp_path)
    name = min(str(path.relative_to(whole.path)) for path in (whole.path / "timestamps").glob("*.json"))
    for number, (_, change) in enumerate(EARLIER):
        forger = whole.copy(tmp_path / str(number))
        forger.json(name, change)
        forger.seal()
        code, lines = verify(forger.path, "--fingerprint", house.archive.verifier.fingerprint)
        assert code == 1, lines
        stem = name.rpartition(".")[0]
        assert {f"{stem}.tsr", name} & findings(lines).keys(), lines
    forger = whole.copy(tmp_path / "stray")
    (forger.path / name.replace(".json", ".tsr")).unlink()
    forger.seal()
    assert name in findings(verify(forger.path)[1])


def test_an_authority_that_is_away_leaves_a_pack_without_its_word_and_says_so(house, stamping, tsa, tmp_path):
    _, authority = stamping
    house.take(mail(f"Order {ORDER}", "damaged"))
    tsa.answer = lambda _query, _honest: b"away"
    try:
        exporter = Exporter(house.archive, house.store, house.clock, (authority,))
        report = export(house, tmp_path / "pack", exporter=exporter)
    finally:
        tsa.answer = lambda _query, honest: honest
    assert report.ok
    assert "first" in report.unstamped[0]
    assert not (report.place / "timestamps").exists()
    assert json.loads((report.place / "data/completeness.json").read_text())["opened"]


def test_stamps_of_an_attempt_that_broke_off_do_not_stay(house, stamping, tsa, tmp_path, monkeypatch):
    _, authority = stamping
    house.take(mail(f"Order {ORDER}", "damaged"))
    exporter = Exporter(house.archive, house.store, house.clock, (authority,))
    read_back = Exporter._read_back

    def fail(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Exporter, "_read_back", fail)
    with pytest.raises(KeyboardInterrupt):
        export(house, tmp_path / "pack", exporter=exporter)
    monkeypatch.setattr(Exporter, "_read_back", read_back)
    tsa.answer = lambda _query, _honest: b"away"
    try:
        report = export(house, tmp_path / "pack", exporter=exporter)
    finally:
        tsa.answer = lambda _query, honest: honest
    assert (report.ok, len(report.unstamped)) == (True, 1)


def test_two_authorities_both_sign_and_one_that_is_trusted_is_enough(house, tsa, mallory, tmp_path):
    with serving_authority(mallory):
        both = [
            load_authority(
                name=name,
                url=one.url,
                certificate=str(one.certificate),
                roots=str(one.root),
                policy="",
                timeout_s=10.0,
                clock=SystemClock(),
            )
            for name, one in (("first", tsa), ("second", mallory))
        ]
        house.take(mail(f"Order {ORDER}", "damaged"))
        report = export(
            house, tmp_path / "pack", exporter=Exporter(house.archive, house.store, house.clock, both)
        )
    assert {path.name for path in (report.place / "timestamps").iterdir()} == {
        "first.tsr",
        "first.pem",
        "second.tsr",
        "second.pem",
    }
    code, lines = verify(report.place, "--fingerprint", house.archive.verifier.fingerprint, "--tsa", tsa.root)
    assert code == 0, lines
    assert sum("that you trust" in line for line in lines) == 1
    assert sum("alone proves nothing" in line for line in lines) == 1
