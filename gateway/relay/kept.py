"""Connections that stay open between messages: setting one up takes six round trips or more, and servers count them.

A kept connection is asked (RSET) before it carries another message, so that one the server has closed costs a new connection and
never a message. None is kept longer than servers like.
"""

import threading
import time
from collections.abc import Callable

from gateway.relay.dialog import Dialog, Lost

_LIFE_S = 300.0
_MOST = 100  # messages on one connection: what Exchange and others allow at least


class Kept:
    """The idle connections to one server, each for ``idle_s`` at most; with 0 none is kept. Safe to use from several threads.

    Servers wait for minutes (RFC 5321 section 4.5.3.2.7), but hold few connections for one client.
    """

    def __init__(self, idle_s: float, now: Callable[[], float] = time.monotonic) -> None:
        self._idle_s = idle_s
        self._now = now
        self._idle: list[tuple[float, Dialog]] = []  # since when, the longest idle first
        self._lock = threading.Lock()
        self._sweeper: threading.Timer | None = None

    def take(self) -> Dialog | None:
        """Return a connection that the server still answers on, ready for a transaction; None where there is none."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                _, dialog = self._idle.pop()
            try:
                if dialog.command("RSET").accepts:
                    return dialog
            except Lost:
                pass
            dialog.close()

    def give(self, dialog: Dialog) -> None:
        """Keep a connection whose transaction has ended; say goodbye where it has served long enough."""
        dialog.served += 1
        now = self._now()
        if not self._idle_s or dialog.ended or dialog.served >= _MOST or now - dialog.since > _LIFE_S:
            dialog.quit()
            return
        with self._lock:
            self._idle.append((now, dialog))
            if self._sweeper is None:
                self._sweep_later()

    def close(self) -> None:
        """Say goodbye on every idle connection; those that are in use may still be given back."""
        with self._lock:
            idle, self._idle = self._idle, []
            sweeper, self._sweeper = self._sweeper, None
        if sweeper is not None:
            sweeper.cancel()
            sweeper.join()
        for _, dialog in idle:
            dialog.quit()

    def _sweep_later(self) -> None:
        self._sweeper = threading.Timer(self._idle_s, self._sweep)
        self._sweeper.daemon = True  # a process that ends waits for no farewells
        self._sweeper.start()

    def _sweep(self) -> None:
        with self._lock:
            if self._sweeper is not threading.current_thread():
                return  # closed meanwhile
            late = self._now() - self._idle_s
            gone = [dialog for since, dialog in self._idle if since <= late]
            self._idle = [one for one in self._idle if one[0] > late]
            self._sweeper = None
            if self._idle:
                self._sweep_later()
        for dialog in gone:
            dialog.quit()
