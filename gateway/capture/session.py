"""A logged-in connection to an account that is captured, on its guard: no answer is longer or slower than it may be.

imaplib reads whatever length a server announces, and waits for as long as single bytes keep coming; here each question
has a budget of bytes and of seconds for its answer.
"""

import contextlib
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from imaplib import IMAP4

from imapclient import IMAPClient

from gateway.errors import Temporary
from gateway.relay.imap_login import NONSENSE, leave, log_in
from gateway.relay.tls import TlsPolicy

_ANSWER_BYTES = 64 * 1024 * 1024  # where no more is expected: the UIDs of a folder of millions
_ANSWER_S = 900.0  # a heavy batch over a slow line takes minutes
_PIECE = 256 * 1024
_ALIVE = ((socket.TCP_KEEPIDLE, 60), (socket.TCP_KEEPINTVL, 20), (socket.TCP_KEEPCNT, 3))


# RFC 5530 section 3, and what Gmail, Yahoo and Exchange say of too many questions: all of them mean later.
_LATER = re.compile(
    r"\[(UNAVAILABLE|INUSE|LIMIT|THROTTLED|OVERQUOTA)\]|throttl|rate limit|too many|bandwidth|backing off",
    re.IGNORECASE,
)


class NotNow(Temporary):
    """The server puts us off; what was asked for is not at fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """How an account is reached. ``name`` stands in the origin of each message: it must stay the same over the years."""

    name: str  # "user@host"
    host: str
    port: int
    user: str
    password: str = ""
    token: str = ""
    tls: TlsPolicy = "required"
    ca_file: str = ""
    timeout_s: float = 60.0


@contextlib.contextmanager
def open_session(account: Account) -> Iterator[IMAPClient]:
    """Log in, and out at the end of the block. Everything that a server does wrong becomes Temporary, in words."""
    client = log_in(
        account.host,
        account.port,
        tls=account.tls,
        user=account.user,
        password=account.password,
        token=account.token,
        timeout_s=account.timeout_s,
        ca_file=account.ca_file,
    )
    client.normalise_times = False  # else INTERNALDATE loses its zone
    client.socket().setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in _ALIVE:
        client.socket().setsockopt(socket.IPPROTO_TCP, option, value)
    Allowance(client)
    try:
        yield client
    finally:
        leave(client)


@contextlib.contextmanager
def asking(client: IMAPClient, what: str, most: int = _ANSWER_BYTES) -> Iterator[None]:
    """Ask something: raises Temporary that begins with ``what`` for every answer that cannot be used.

    ``most`` is how many bytes the answer may have.
    """
    allowance: Allowance | None = getattr(client, "allowance", None)
    if allowance is not None:
        allowance.renew(most)
    try:
        yield
    except (IMAP4.error, OSError) as wrong:
        later = isinstance(wrong, IMAP4.error) and _LATER.search(str(wrong)) is not None
        raise (NotNow if later else Temporary)(f"{what}: {_said(wrong)}") from wrong
    except NONSENSE as wrong:
        raise Temporary(f"{what}: the server's answer makes no sense ({type(wrong).__name__})") from wrong
    except MemoryError as wrong:
        raise Temporary(f"{what}: the server's answer does not fit into memory") from wrong


class Allowance:
    """Counts what comes in for one question, in place of imaplib's own reading, which has no bounds but its patience."""

    def __init__(self, client: IMAPClient, *, seconds: float = _ANSWER_S) -> None:
        self._seconds = seconds
        self._imap = client._imap  # noqa: SLF001 - imapclient offers no other way to it
        self._imap.read, self._imap.readline = self.read, self.readline
        client.allowance = self
        self.renew()

    def renew(self, most: int = _ANSWER_BYTES) -> None:
        """Begin a new question."""
        self._most = self._left = most
        self._until = time.monotonic() + self._seconds

    def read(self, size: int) -> bytes:
        """Read a literal of ``size`` bytes in pieces, so that memory follows what comes and not what is announced."""
        self._check(size)
        pieces = []
        while size > 0:
            piece = self._imap.file.read1(min(size, _PIECE))
            if not piece:
                break  # imaplib tells from the short literal that the connection is gone
            pieces.append(piece)
            size -= len(piece)
            self._check(0)
        return b"".join(pieces)

    def readline(self) -> bytes:
        """Read a line; the longest honest one is the list of all UIDs of a folder."""
        line: bytes = self._imap.file.readline(min(self._left, _ANSWER_BYTES) + 1)
        self._check(len(line))
        return line

    def _check(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise OSError(f"the server sends more than {self._most} bytes in answer to one question")
        if time.monotonic() > self._until:
            raise OSError(f"the server's answer takes longer than {self._seconds:.0f} s")


def _said(wrong: Exception) -> str:
    text = " ".join(str(wrong).split())
    return text if len(text) <= 300 else text[:300] + "..."
