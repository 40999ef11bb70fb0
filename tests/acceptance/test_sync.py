"""What the system calls say: an acknowledgement is written to a socket after the disk was told to keep its message."""

import re
import smtplib
import subprocess
import threading

import pytest

from tests.installation import MAILBOX, Installation, wait_for
from tests.small_house import mail

SESSIONS, EACH = 8, 5
_CALL = re.compile(r"^(\d+) +(\w+)\((\d+<(.*?)>[,) ])?")
_RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>")
_SEALED = re.compile(r'\\"seq\\":(\d+)[,}]')
_ANSWER = re.compile(r"250 2\.0\.0 Archived (\d+)\\r\\n")


@pytest.mark.needs("strace")
def test_every_acknowledgement_follows_a_sync_of_its_key_and_then_of_its_entry(tmp_path):
    place = Installation(tmp_path / "data").create()
    place.start()
    trace, told = tmp_path / "trace", tmp_path / "told"
    with told.open("wb") as err:
        calls = "trace=pwrite64,fsync,fdatasync,write,writev,sendto,sendmsg"
        strace = subprocess.Popen(
            ["strace", "-f", "-y", "-s", "9000", "-e", calls, "-o", trace, "-p", str(place.service.pid)],
            stderr=err,
        )
    wait_for(lambda: "attached" in told.read_text(), why=told.read_text)
    clients = [
        threading.Thread(target=_send, args=(place.ports["smtp"], number)) for number in range(SESSIONS)
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join(60)
    strace.terminate()
    strace.wait(30)
    assert place.stop() == 0
    answered, syncs = follow(trace.read_text(errors="replace").splitlines())
    assert len(answered) == SESSIONS * EACH
    assert answered == sorted(answered)
    assert syncs >= 2


def follow(lines: list[str]) -> tuple[list[int], int]:
    """Walk through a trace and check each acknowledgement; return those, and how often the archive was synced."""
    written: dict[str, int] = {"keys.db-wal": 0, "archive.db-wal": 0}  # writes so far
    kept = dict(written)  # of those, how many a finished sync came after
    syncing: dict[str, tuple[str, int]] = {}  # thread -> the file it syncs, and the writes that came before
    sealed: dict[int, int] = {}  # entry -> the archive write that put it down
    answered: list[int] = []
    syncs = 0
    for line in lines:
        if back := _RESUMED.match(line):
            if "sync" in back[2] and back[1] in syncing:
                file, upto = syncing.pop(back[1])
                kept[file] = max(kept[file], upto)
            continue
        call = _CALL.match(line)
        if call is None:
            continue
        thread, name = call[1], call[2]
        file = (call[4] or "").rpartition("/")[2]
        if name == "pwrite64" and file in written:
            written[file] += 1
            if file == "archive.db-wal":
                # the keys of a group are on disk before anything of the group is written to the archive
                assert kept["keys.db-wal"] == written["keys.db-wal"]
                for seq in map(int, _SEALED.findall(line)):
                    sealed.setdefault(seq, written[file])
        elif "sync" in name and file in written:
            syncs += file == "archive.db-wal"
            if line.endswith("<unfinished ...>"):
                syncing[thread] = file, written[file]
            else:
                assert line.endswith("= 0")
                kept[file] = max(kept[file], written[file])
        else:
            for seq in map(int, _ANSWER.findall(line)):
                assert sealed[seq] <= kept["archive.db-wal"]
                answered.append(seq)
    return answered, syncs


def _send(port: int, session: int) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        for number in range(EACH):
            raw = mail(f"Question {session} {number}", "the lamp is broken")
            client.sendmail("buyer@shop.example", [MAILBOX], raw.decode("ascii"))
