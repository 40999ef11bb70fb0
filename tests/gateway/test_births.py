import os
import select
import signal
import socket
import subprocess
import sys

import pytest

from gateway.births import start
from gateway.nursery import Nursery, read_frame

MODULE = """
import os, socket, sys, time
from gateway.nursery import first_frame, read_frame, serve_births

def echo(connection):
    with connection, connection.makefile("rb") as source:
        while (frame := read_frame(source)) is not None:
            if frame == b"die":
                os.abort()
            told = frame + b" " + word
            connection.sendall(len(told).to_bytes(8, "big") + told)
    return 0

def live(door):
    global word
    if (frame := first_frame(door)) is None:
        return 7
    if frame == b"held?":
        places = [f"/proc/self/fd/{n}" for n in os.listdir("/proc/self/fd")]
        held = " ".join(os.readlink(place) for place in places if os.path.lexists(place))
        door.sendall(held.encode())
        return 7
    word = frame
    serve_births(door, echo)
    return 0

if __name__ == "__main__":
    with socket.socket(fileno=0) as door:
        sys.exit(live(door))
"""

# What forks must not be the process that runs the tests, which has threads.
FORKING = """
import os, socket, sys
from gateway.births import Forked, start
from gateway.nursery import Nursery

mark = open(sys.argv[1], "w")
ours, theirs = socket.socketpair()
process = start("born", theirs)
assert isinstance(process, Forked), process
theirs.close()
assert process.poll() is None
ours.sendall((5).to_bytes(8, "big") + b"held?")
held = ours.recv(9999).decode()
assert sys.argv[1] not in held, held
assert "socket:" in held, held
assert process.wait(10) == 7, process.poll()
assert process.poll() == 7
again = Nursery("born", b"hello")
child = again.child()
child.write(b"x")
assert child.read() == b"x hello"
child.end()
again.close()
print("seen")
"""


@pytest.fixture
def born(tmp_path, monkeypatch):
    (tmp_path / "born.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_a_nursery_bears_children_that_know_what_it_was_told_first(born):
    nursery = Nursery("born", b"hello")
    first, second = nursery.child(), nursery.child()
    first.write(b"a" * 300_000)
    second.write(b"b")
    assert first.read() == b"a" * 300_000 + b" hello"
    assert second.read() == b"b hello"
    first.write(b"die")
    assert first.read() is None
    second.write(b"c")  # the death of one is nothing to the other
    assert second.read() == b"c hello"
    for child in (first, second):
        child.end()
    nursery.close()


def test_a_nursery_that_died_is_begun_again_and_one_that_cannot_live_bears_the_dead(born):
    nursery = Nursery("born", b"hello")
    nursery.child().end()
    assert nursery._process is not None
    os.kill(nursery._process.pid, signal.SIGKILL)
    nursery._process.wait(30)
    child = nursery.child()
    child.write(b"x")
    assert child.read() == b"x hello"
    child.end()
    nursery.close()
    nowhere = Nursery("no.such.module", b"hello")
    stillborn = nowhere.child()
    stillborn.write(b"x")
    assert stillborn.read() is None
    stillborn.end()
    nowhere.close()


def test_a_child_ends_with_whoever_asked_for_it(born):
    nursery = Nursery("born", b"hello")
    child = nursery.child()
    process = child._process
    assert process is not None
    watched = os.dup(process)
    child._connection.shutdown(socket.SHUT_RDWR)
    assert select.select([watched], [], [], 30)[0]
    os.close(watched)
    child.end()
    nursery.close()


def test_a_forked_process_holds_nothing_of_its_parents_and_tells_its_exit_code(born, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FORKING, str(tmp_path / "mark")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(born), *sys.path])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("seen\n", 0), done.stderr


def test_where_there_are_threads_a_process_is_begun_anew(born):
    ours, theirs = socket.socketpair()
    with theirs:
        process = start("born", theirs, anew=True)
    assert isinstance(process, subprocess.Popen)
    ours.close()
    assert process.wait(30) == 7


def test_the_other_s_death_in_the_middle_is_the_end_and_no_fault():
    ours, theirs = socket.socketpair()
    ours.sendall(b"an answer that nobody reads any more")
    theirs.close()
    with ours, pytest.raises(ConnectionResetError):  # what the system says of it
        ours.recv(1)
    for written in (b"", b"\0\0", b"\0" * 7 + b"\5abc"):
        ours, theirs = socket.socketpair()
        ours.sendall(b"an answer that nobody reads any more")
        theirs.sendall(written)
        theirs.close()
        with ours, ours.makefile("rb") as source:
            assert read_frame(source) is None
