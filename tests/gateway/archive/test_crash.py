"""Each write fails before and after it is done, processes die, disks fill: nothing acknowledged is lost, nothing is half."""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import event

from gateway.errors import ArchiveBroken, Temporary

APPENDER = Path(__file__).with_name("appender.py")
ROOT = Path(__file__).resolve().parents[3]


class PowerCut(Exception):
    """The seam: raised where a test wants the process to end."""


def start(place, name, count, *before):
    command = [
        *before,
        sys.executable,
        APPENDER,
        place.archive_url,
        place.keys_url,
        place.secrets,
        name,
        str(count),
    ]
    return subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def acknowledged(lines):
    """What a process was promised: seq and payload of each whole line."""
    said = [line.split(" ", 1) for line in lines if line.endswith("\n") and line[0].isdigit()]
    return {(int(seq), payload.strip()) for seq, payload in said}


def run(processes):
    """Let them all begin at once; return each one's output."""
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    return [process.communicate(timeout=120)[0].splitlines(keepends=True) for process in processes]


@pytest.mark.parametrize("which", ["archive", "keys"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_commit_that_fails_leaves_all_or_nothing(place, draft, which, when):
    """The table: each of the two commits fails before or after it is done."""
    archive = place.open()
    archive.append(draft(0))
    engine = {"archive": archive._archive, "keys": archive._keys}[which]
    armed = [True]

    def cut(conn):
        if armed and conn.engine.url == engine.url and conn.get_execution_options().get("docket_begin"):
            armed.clear()
            if when == "after":
                conn.connection.dbapi_connection.commit()
            raise PowerCut

    event.listen(engine, "commit", cut)
    with pytest.raises(Temporary):
        archive.append(draft(1))
    event.remove(engine, "commit", cut)
    stood = place.open().head()  # as a process that is started now finds it
    assert stood == (2 if (which, when) == ("archive", "after") else 1)
    # the process goes on, and another one too: gapless, whole, and what was acknowledged is there
    assert archive.append(draft(2)).seq == stood
    assert place.open().append(draft(3)).seq == stood + 1
    report = place.verify()
    assert (report.ok, report.bad, report.size) == (True, (), stood + 2)
    assert [e.meta["n"] for e in archive.entries(0)] == [0, *range(1, stood), 2, 3]


def test_a_read_only_or_locked_archive_answers_451_and_then_goes_on(sqlite_place, draft):
    archive = sqlite_place.open()
    archive.append(draft(0))

    def refuse(conn):
        conn.connection.dbapi_connection.execute("PRAGMA query_only=ON")

    event.listen(archive._archive, "begin", refuse)
    with pytest.raises(Temporary) as caught:
        archive.append(draft(1))
    assert caught.value.reply.startswith("451 4.3.0 ")
    event.remove(archive._archive, "begin", refuse)
    archive._archive.dispose()
    assert archive.append(draft(2)).seq == 1
    archive.close()
    assert sqlite_place.verify().ok


@pytest.mark.parametrize("which", ["archive", "keys"])
def test_a_full_disk_answers_452_and_service_resumes_when_there_is_room(sqlite_place, draft, which):
    archive = sqlite_place.open()
    archive.append(draft(0))
    engine = {"archive": archive._archive, "keys": archive._keys}[which]

    def fill(conn):
        raw = conn.connection.dbapi_connection
        pages = raw.execute("PRAGMA page_count").fetchone()[0]
        raw.execute(f"PRAGMA max_page_count={pages}")

    def empty(conn):
        conn.connection.dbapi_connection.execute("PRAGMA max_page_count=1000000")

    event.listen(engine, "begin", fill)
    futures = [archive.submit(draft(n, size=60_000)) for n in range(1, 40)]
    many = [draft(n) for n in range(200)]
    with pytest.raises(Temporary) as caught:
        archive.append_many(many)
    assert caught.value.reply == "452 4.3.1 Insufficient system storage"
    stood = [future.result(60) for future in futures if future.exception(60) is None]
    assert archive.head() == 1 + len(stood)
    event.remove(engine, "begin", fill)
    event.listen(engine, "begin", empty)
    assert archive.append(draft(99)).seq == 1 + len(stood)
    archive.close()
    report = sqlite_place.verify()
    assert (report.ok, report.size) == (True, 2 + len(stood))


def test_processes_append_at_once_and_one_is_killed(place):
    processes = [start(place, f"p{n}", 60) for n in range(3)]
    victim = start(place, "victim", 100_000)
    assert victim.stdout.readline() == "ready\n"
    victim.stdin.write("go\n")
    victim.stdin.flush()
    lines = [victim.stdout.readline() for _ in range(10)]
    outputs = run(processes)
    victim.send_signal(signal.SIGKILL)
    lines += victim.communicate(timeout=60)[0].splitlines(keepends=True)
    promised = set().union(*map(acknowledged, [*outputs, lines]))
    assert all(len(acknowledged(output)) == 120 for output in outputs)
    archive = place.open()
    stands = {(entry.seq, entry.payload.decode()) for entry in archive.entries(0)}
    assert promised <= stands
    assert len(stands) == archive.head()
    # a draft that is asked for once stands once, whoever asked
    assert set(Counter(payload for _, payload in stands).values()) == {1}
    report = place.verify()
    assert (report.ok, report.bad, report.size) == (True, (), archive.head())


def failing(call, error, nth, path, trace):
    """The command that makes the nth call of a kind on one file fail."""
    return (
        "strace",
        "-f",
        "-qq",
        "-o",
        trace,
        "-P",
        path,
        "-e",
        f"trace={call}",
        "-e",
        f"inject={call}:error={error}:when={nth}",
    )


@pytest.mark.needs("strace")
@pytest.mark.parametrize("name", ["archive.db-wal", "keys.db-wal"])
@pytest.mark.parametrize("nth", [1, 2, 7])
def test_after_a_failed_fsync_nothing_more_is_acknowledged(sqlite_place, draft, name, nth, tmp_path):
    archive = sqlite_place.open()
    archive.append(draft(0))
    trace = tmp_path / "trace"
    process = start(sqlite_place, "p", 20, *failing("fsync,fdatasync", "EIO", nth, tmp_path / name, trace))
    (lines,) = run([process])
    assert "(INJECTED)" in trace.read_text()
    errors = [at for at, line in enumerate(lines) if line.startswith("ERROR")]
    assert len(errors) == 20 - (nth - 1) // 2
    assert all("ArchiveBroken 421" in lines[at] for at in errors)
    assert not acknowledged(lines[errors[0] :])  # not one, although the next fsync would have "succeeded"
    promised = acknowledged(lines)
    assert len(promised) == nth - 1
    fresh = sqlite_place.open()
    assert promised <= {(entry.seq, entry.payload.decode()) for entry in fresh.entries(1)}
    report = sqlite_place.verify()
    assert (report.ok, report.bad) == (True, ())
    archive.close()
    fresh.close()


@pytest.mark.needs("strace")
def test_a_folder_that_cannot_be_synced_holds_no_archive(sqlite_place, tmp_path):
    """SQLite itself passes over this error; a log whose name is not on disk is gone after a power cut."""
    process = start(
        sqlite_place,
        "p",
        1,
        *failing("fsync", "EIO", 1, tmp_path, tmp_path.parent / f"{tmp_path.name}.trace"),
    )
    assert (process.communicate(timeout=60)[0], process.returncode) == ("", 1)


@pytest.mark.needs("strace")
@pytest.mark.parametrize("nth", [1, 4, 9])
def test_when_the_kernel_has_no_room_the_answer_is_452(sqlite_place, draft, nth, tmp_path):
    archive = sqlite_place.open()
    archive.append(draft(0))
    wal = tmp_path / "archive.db-wal"
    process = start(sqlite_place, "p", 5, *failing("pwrite64", "ENOSPC", nth, wal, tmp_path / "trace"))
    (lines,) = run([process])
    errors = [line for line in lines if line.startswith("ERROR")]
    assert errors == ["ERROR DiskFull 452 4.3.1 Insufficient system storage\n"]
    assert len(acknowledged(lines)) >= 8  # and service resumed
    archive.close()
    assert sqlite_place.verify().ok


def test_a_broken_archive_answers_everyone_who_waits(sqlite_place, draft):
    archive = sqlite_place.open()
    archive.append(draft(0))
    sqlite_place.sql("UPDATE logs SET checkpoint = 'forged'")
    for _ in range(3):
        with pytest.raises(ArchiveBroken):
            archive.append(draft(1))
    archive.close()
