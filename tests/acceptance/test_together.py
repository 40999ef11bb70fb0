"""The service, an import and a person's commands at the same moment, one of them killed: one log without gaps."""

import signal
import smtplib
import subprocess
import threading

from tests.acceptance.test_serve import archived, send
from tests.installation import ENVIRONMENT, command, wait_for


def test_service_import_and_commands_write_one_gapless_log(new_installation, tmp_path):
    place = new_installation()
    place.start()
    history = tmp_path / "history"
    history.mkdir()
    for number in range(400):
        (history / f"{number}.eml").write_bytes(b"Subject: history %d\n\nAn old message.\n" % number)
    promised = {}
    with smtplib.SMTP("127.0.0.1", place.ports["smtp"], timeout=30) as client:
        client.ehlo("client.example")
        first = archived(send(client, b"Subject: first\r\n\r\nHello.\r\n")[1])

        importing = subprocess.Popen(
            command("--data", place.data, "import", history, "--json"),
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
        )
        acts = []

        def act():
            for number in range(3):
                acts.extend(place.json("note", first, f"note {number}", "--agent", "anna"))
                acts.extend(place.json("tag", first, "--add", f"tag-{number}", "--agent", "anna"))

        person = threading.Thread(target=act)
        person.start()
        with place.archive() as archive:
            wait_for(lambda: archive.head() > 80 or importing.poll() is not None)
        importing.send_signal(signal.SIGKILL)
        importing.communicate()
        while person.is_alive() and len(promised) < 150:
            raw = b"Subject: live %d\r\n\r\nHello.\r\n" % len(promised)
            code, reply = send(client, raw)
            assert code == 250
            promised[archived(reply)] = raw
        person.join()
    assert place.service.poll() is None  # the import's end is not the service's

    (report,) = place.json("import", history)
    assert report["archived"] + report["duplicate"] == report["read"] == 400
    status = place.settled()
    with place.archive() as archive:
        entries = {entry.seq: entry for entry in archive.entries(0)}
    assert sorted(entries) == list(range(status["archive"]["size"]))
    assert {seq: entries[seq].payload for seq in promised} == promised
    assert [entries[act["seq"]].type for act in acts] == ["note", "tag"] * 3
    old = [entry.payload for entry in entries.values() if entry.payload.startswith(b"Subject: history")]
    assert len(old) == len(set(old)) == 400
    (hit,) = place.json("search", "tag:tag-0 tag:tag-2")
    assert hit["seq"] == first
    assert {"tag-0", "tag-1", "tag-2"} <= set(hit["tags"])
    assert place.stop() == 0
    assert place.is_clean()["size"] == len(entries)


def test_when_the_service_ends_an_import_finishes_the_work_itself(new_installation, tmp_path):
    place = new_installation()
    place.start()
    (tmp_path / "one.eml").write_bytes(b"Subject: last\n\nWritten as the service went.\n")
    with place.archive() as archive:
        before = archive.head()
        place.service.send_signal(signal.SIGTERM)
        (report,) = place.json("import", tmp_path / "one.eml")
        assert place.service.wait(60) == 0
        assert archive.head() > before
    place.service = None
    assert report["archived"] == 1
    (hit,) = place.json("search", "subject:last")
    assert hit["subject"] == "last"


def test_a_rebuild_beside_a_running_service_and_without_brings_the_same_back(new_installation):
    place = new_installation()
    place.start()
    with smtplib.SMTP("127.0.0.1", place.ports["smtp"], timeout=30) as client:
        client.ehlo("client.example")
        for number in range(5):
            mail = b"Subject: order 112-1234567-1234567\r\n\r\nquestion %d\r\n" % number
            assert send(client, mail)[0] == 250
    place.settled()
    told = place.json("order", "112-1234567-1234567"), place.json("search", "question")
    size = place.json("status")[0]["archive"]["size"]
    for running in (True, False):
        if not running:
            assert place.stop() == 0
        assert place.run("rebuild").returncode == 0
        place.settled()
        assert (place.json("order", "112-1234567-1234567"), place.json("search", "question")) == told
    (status,) = place.json("status")
    assert status["archive"]["size"] == size
