"""A flood of mail, killed in the midst of it, several rounds: what clients noted down is what the archive must hold.

The clients keep their own journal and sync it to disk before they believe anything, as an honest witness would.
"""

import os
import re
import signal
import smtplib
import threading
from collections import Counter
from pathlib import Path

import pytest

from gateway.mail.entry import MAIL_TYPES
from tests.installation import MAILBOX, Installation, wait_for
from tests.sink import sink

CLIENTS = 4
ROUND = 40  # acknowledgements before the kill


class Journal:
    """Every message tried, and the entry number that was promised for it."""

    def __init__(self, path) -> None:
        self._file = path.open("ab")
        self._lock = threading.Lock()
        self.tried: dict[bytes, bytes] = {}
        self.promised: dict[bytes, int] = {}
        self.refused: set[bytes] = set()

    def trying(self, nonce: bytes, raw: bytes) -> None:
        with self._lock:
            self._write(b"try %s\n" % nonce)
            self.tried[nonce] = raw

    def answered(self, nonce: bytes, code: int, reply: bytes) -> None:
        with self._lock:
            self._write(b"%d %s %s\n" % (code, nonce, reply))
            if code == 250:
                self.promised[nonce] = int(re.fullmatch(rb"2\.0\.0 Archived (\d+)", reply)[1])
            else:
                self.refused.add(nonce)

    def _write(self, line: bytes) -> None:
        self._file.write(line)
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()


def flood(port: int, journal: Journal, name: str) -> None:
    """Send message after message until the connection breaks."""
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
            client.ehlo("client.example")
            for number in range(100_000):
                nonce = f"nonce-{name}-{number}.".encode()
                raw = b"Subject: %s\r\n\r\n%s\r\n" % (nonce, nonce * (number % 50 * 20 + 1))
                client.mail("buyer@shop.example")
                client.rcpt(MAILBOX)
                client.docmd("DATA")
                journal.trying(nonce, raw)
                client.sock.sendall(raw + b".\r\n")
                journal.answered(nonce, *client.getreply())
    except (smtplib.SMTPException, OSError):
        return


@pytest.fixture
def remote():
    with sink(lmtp=True) as keeper:
        yield keeper


def test_no_acknowledged_message_is_lost_in_a_flood_that_is_killed(tmp_path, remote):
    place = Installation(tmp_path / "data")
    place.create(deliver=f'kind = "lmtp"\nhost = "127.0.0.1"\nport = {remote.port}')
    journal = Journal(tmp_path / "journal")
    size = 0
    for round_, kill in enumerate((kill_all, kill_service, kill_worker, kill_all)):
        place.start()
        wanted = len(journal.promised) + ROUND
        clients = [
            threading.Thread(target=flood, args=(place.ports["smtp"], journal, f"{round_}-{number}"))
            for number in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        wait_for(lambda wanted=wanted: len(journal.promised) >= wanted, why=place.log)
        kill(place)
        for client in clients:
            client.join(60)
            assert not client.is_alive()
        report = place.is_clean()
        assert report["size"] > size  # the log only grows
        size = report["size"]
    place.start()
    place.settled(seconds=120)
    assert place.stop() == 0
    journal.close()
    check(place, journal, remote)


def kill_all(place):
    place.kill()


def kill_service(place):
    """Only the listeners die; their worker finds itself alone, and ends."""
    place.service.kill()
    place.service.wait(60)
    place.service = None
    wait_for(lambda: not place.json("status")[0]["capture"]["at_work"])


def kill_worker(place):
    """Only the worker dies: mail is taken on, and a new worker does what is left."""
    workers = [
        pid
        for pid in place.processes()
        if b"gateway.workprocess" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    assert len(workers) == 1
    os.kill(workers[0], signal.SIGKILL)
    wait_for(lambda: "workprocess-ended" in place.log())
    place.kill()


def check(place, journal, remote):
    with place.archive() as archive:
        entries = list(archive.entries(0))
    mails = {entry.seq: entry.payload for entry in entries if entry.type in MAIL_TYPES}
    nonces = Counter(raw.partition(b" ")[2].partition(b"\r\n")[0] for raw in mails.values())
    # each promise is one entry, with the bytes that were sent
    assert {nonce: mails.get(seq) for nonce, seq in journal.promised.items()} == {
        nonce: journal.tried[nonce] for nonce in journal.promised
    }
    assert len(set(journal.promised.values())) == len(journal.promised)
    # nothing is there that nobody sent, nothing twice; what got no answer is there once or not at all
    assert set(mails.values()) <= set(journal.tried.values())
    assert set(nonces.values()) == {1}
    assert not set(nonces) & journal.refused
    # each promise was delivered at least once: what we put before it, and then the bytes as they came
    arrived: dict[bytes, list[bytes]] = {}
    for taken in remote.taken:
        nonce = re.search(rb"\r\nSubject: (nonce-\S+)\r\n", taken.raw)[1]
        arrived.setdefault(nonce, []).append(taken.raw)
    assert set(journal.promised) <= set(arrived)
    assert all(raw.endswith(journal.tried[nonce]) for nonce, copies in arrived.items() for raw in copies)
    assert not set(arrived) & journal.refused
    # numbers without gaps, times that never go back, a position that the store and the index share
    assert [entry.seq for entry in entries] == list(range(len(entries)))
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
    report = place.is_clean()
    (status,) = place.json("status")
    assert report["size"] == status["archive"]["size"] == len(entries)
    assert status["index"]["documents"] == len(mails)
    assert status["queue"]["dead"] == 0
