"""The network is cut at every kind of place, and the server restarted meanwhile: each message is archived once."""

import contextlib
import socket
import tempfile
import threading
from collections import Counter
from itertools import chain, cycle
from pathlib import Path

import pytest
from imapclient import IMAPClient

from gateway.demo.dovecot import Dovecot
from tests.gateway.capture.test_watch import PASSWORD, USER, House, MovedClock
from tests.installation import wait_for

pytestmark = pytest.mark.needs("dovecot")
MANY = 150
# Bytes from the server until the line is cut: in the greeting, the login, the lists, in the middle of literals ...
CUTS = (3, 100, 700, 1_500, 9_000, 20_001, 64_000, 65_537, 150_000)


class Line:
    """A line to a server; each connection over it is cut after the next number of bytes, the last ones never."""

    def __init__(self, port, cuts):
        self._server, self._cuts = port, chain(cuts, cycle([1 << 40]))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.cut = 0
        self._open = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            left = next(self._cuts)
            try:
                far = socket.create_connection(("127.0.0.1", self._server), timeout=10)
            except OSError:
                near.close()
                continue
            self._open += [near, far]
            threading.Thread(target=self._carry, args=(near, far, 1 << 40), daemon=True).start()
            threading.Thread(target=self._carry, args=(far, near, left), daemon=True).start()

    def _carry(self, source, to, left):
        with contextlib.suppress(OSError):
            while left > 0 and (piece := source.recv(4096)):
                to.sendall(piece[:left])
                left -= len(piece)
        self.cut += left <= 0
        for one in (source, to):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self):
        for one in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@pytest.fixture
def dovecot(free_port):
    with tempfile.TemporaryDirectory(prefix="dovecot-") as folder:
        server = Dovecot(Path(folder), {USER: PASSWORD}, imap_port=free_port(), lmtp_port=free_port())
        server.start()
        yield server
        server.stop()


def mail(number):
    return b"Subject: %d\r\n\r\n%s\r\n" % (number, b"x%d " % number * 700)


def put(server, numbers):
    with IMAPClient("127.0.0.1", server.imap_port, ssl=False, timeout=10) as client:
        client.login(USER, PASSWORD)
        client.multiappend("INBOX", [mail(number) for number in numbers])


def test_each_message_is_archived_once_through_cuts_and_restarts(dovecot, tmp_path):
    put(dovecot, range(MANY))
    house = House(tmp_path, MovedClock())
    line = Line(dovecot.imap_port, CUTS)
    try:
        watch = house.watch(line.port, poll_s=0.2, rest_s=0.01)
        thread = threading.Thread(target=watch.run, args=(house.stop,), daemon=True)
        thread.start()
        wait_for(lambda: line.cut >= len(CUTS), seconds=120)
        dovecot.stop()
        dovecot.start()
        put(dovecot, range(MANY, MANY + 20))
        wait_for(lambda: len(house.entries("mail.in")) == MANY + 20, seconds=120)
        house.stop.set()
        thread.join(20)
        assert not thread.is_alive()
        found = Counter(entry.payload for entry in house.entries("mail.in"))
        assert found == Counter(mail(number) for number in range(MANY + 20))
        assert not house.entries("sighting")
    finally:
        house.stop.set()
        line.close()
        house.archive.close()
        house.store.close()
