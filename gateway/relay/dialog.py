"""One SMTP or LMTP connection: commands out, replies in, each step with its own deadline and every answer bounded.

Neither smtplib nor aiosmtplib says whether a connection was lost before or after the final dot, and that is the
difference between "again" and "perhaps twice" (docs/decisions/relay-outcomes.md). Commands and replies are few.
"""

import base64
import contextlib
import re
import socket
import ssl
import time
from types import TracebackType
from typing import Self

from gateway.relay.reply import Reply, own_words, readable
from gateway.relay.tls import TlsPolicy, describe_tls, is_implicit

_LINE_BYTES = 8192  # RFC 5321 section 4.5.3.1.5 asks for 512; some servers write more
_REPLY_BYTES = 64 * 1024
_CHUNK_BYTES = 64 * 1024
_REPLY_LINE = re.compile(rb"^[2-5]\d\d(?:[ -]|$)")


class Lost(Exception):
    """The connection failed, ended or spoke nonsense; ``reply`` says so as a 4xx line."""

    def __init__(self, reply: str) -> None:
        super().__init__(reply)
        self.reply = reply


class Dialog:
    """A connection to one server. ``remote`` is ``host:port`` (or ``unix:/path``) as configured."""

    def __init__(self, sock: socket.socket, host: str, remote: str, timeout_s: float) -> None:
        self._sock = sock
        self.since = time.monotonic()
        self.served = 0  # transactions
        self.ended = False  # nothing may be asked on it any more
        self._host = host
        self._timeout_s = timeout_s
        self._buffer = b""
        self.remote = remote
        self.extensions: dict[str, str] = {}
        self.greeting = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection without a word."""
        self._sock.close()

    @property
    def tls(self) -> str:
        return describe_tls(self._sock)

    @property
    def is_protected(self) -> bool:
        return isinstance(self._sock, ssl.SSLSocket)

    def reply(self, timeout_s: float | None = None) -> Reply:
        """Read one answer. Raises Lost when none comes in time, or what comes is no reply."""
        try:
            answer = self._answer(timeout_s)
        except Lost:
            self.ended = True
            raise
        self.ended |= answer.code == 421  # RFC 5321 section 3.8: it closes
        return answer

    def _answer(self, timeout_s: float | None) -> Reply:
        deadline = time.monotonic() + (timeout_s or self._timeout_s)
        lines: list[bytes] = []
        while not lines or lines[-1][3:4] == b"-":
            line = self._line(deadline)
            if not _REPLY_LINE.match(line) or (lines and line[:3] != lines[0][:3]):
                raise Lost(
                    own_words("4.5.0", f"{self.remote} answered no SMTP reply: {readable(line[:200])}")
                )
            lines.append(line)
            if sum(map(len, lines)) > _REPLY_BYTES:
                raise Lost(own_words("4.5.0", f"{self.remote} answered without end"))
        return Reply(int(lines[0][:3]), tuple(readable(line) for line in lines))

    def greeted(self) -> Reply:
        """Read the server's first answer, which nobody asked for."""
        answer = self.reply()
        self.greeting = answer.whole
        return answer

    def command(self, line: str) -> Reply:
        """Send one command and return its answer. The line must hold no line end."""
        if self._buffer:  # an answer to nothing would be taken for the answer to this
            self.ended = True
            raise Lost(self.reply().whole)
        self.write(line.encode("utf-8") + b"\r\n")
        return self.reply()

    def write(self, data: bytes) -> None:
        """Send bytes; each 64 KiB must leave within the timeout."""
        view = memoryview(data)
        try:
            for at in range(0, len(view), _CHUNK_BYTES):
                self._sock.settimeout(self._timeout_s)
                self._sock.sendall(view[at : at + _CHUNK_BYTES])
        except OSError as wrong:
            self.ended = True
            raise self._lost(wrong) from wrong

    def has_spoken(self) -> bool:
        """Tell whether the server has said something, or hung up, without being asked: then it may be out of step for good."""
        self._sock.settimeout(0)
        try:
            self._buffer += self._sock.recv(4096)
        except (BlockingIOError, ssl.SSLWantReadError):
            self.ended |= bool(self._buffer)
        except OSError:
            self.ended = True
        else:
            self.ended = True
        return self.ended

    def hello(self, verb: str, hostname: str) -> Reply:
        """Introduce ourselves with EHLO or LHLO and note the extensions; HELO where EHLO is unknown."""
        answer = self.command(f"{verb} {hostname}")
        if verb == "EHLO" and answer.code in {500, 502}:  # RFC 5321 section 4.1.4
            answer = self.command(f"HELO {hostname}")
        words = [line[4:].strip().replace("AUTH=", "AUTH ", 1) for line in answer.lines[1:]]
        self.extensions = {
            word.partition(" ")[0].upper(): word.partition(" ")[2].strip() for word in words if word
        }
        return answer

    def protect(self, context: ssl.SSLContext) -> None:
        """Begin TLS on the connection. Raises Lost when it fails or the certificate does not convince."""
        if self._buffer:  # what came in the clear must not count as protected (RFC 3207 section 4.2)
            raise Lost(own_words("4.7.5", f"{self.remote} spoke before TLS began"))
        try:
            self._sock.settimeout(self._timeout_s)
            self._sock = context.wrap_socket(self._sock, server_hostname=self._host)
        except ssl.SSLCertVerificationError as wrong:
            words = f"the certificate of {self.remote} is not trusted: {wrong.verify_message}"
            raise Lost(own_words("4.7.5", f"{words} (setting ca_file)")) from wrong
        except OSError as wrong:
            raise Lost(own_words("4.7.5", f"TLS with {self.remote} failed: {wrong}")) from wrong

    def log_in(self, user: str, password: str) -> Reply:
        """Authenticate by PLAIN (RFC 4616), else by LOGIN; the caller has made sure of TLS."""
        mechanisms = self.extensions.get("AUTH", "").upper().split()
        if "PLAIN" in mechanisms or "LOGIN" not in mechanisms:
            return self.command("AUTH PLAIN " + _base64(f"\0{user}\0{password}"))
        answer = self.command("AUTH LOGIN")
        for secret in (user, password):
            if answer.code != 334:
                break
            answer = self.command(_base64(secret))
        return answer

    def quit(self) -> None:
        """Say goodbye and close; whatever comes back changes nothing any more."""
        with self, contextlib.suppress(Lost):
            if not self.ended:
                self.write(b"QUIT\r\n")

    def _line(self, deadline: float) -> bytes:
        while b"\n" not in self._buffer:
            if len(self._buffer) > _LINE_BYTES:
                raise Lost(own_words("4.5.0", f"{self.remote} answered a line without end"))
            try:
                self._sock.settimeout(max(deadline - time.monotonic(), 0.001))
                chunk = self._sock.recv(4096)
            except OSError as wrong:
                raise self._lost(wrong) from wrong
            if not chunk:
                raise Lost(own_words("4.4.2", f"{self.remote} closed the connection"))
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.rstrip(b"\r")

    def _lost(self, wrong: OSError) -> Lost:
        if isinstance(wrong, TimeoutError):
            return Lost(own_words("4.4.2", f"{self.remote} did not answer in time"))
        return Lost(
            own_words("4.4.2", f"the connection to {self.remote} was lost: {wrong.strerror or wrong}")
        )


def dial(
    host: str, port: int, *, policy: TlsPolicy, context: ssl.SSLContext | None, timeout_s: float
) -> Dialog:
    """Open a connection; ``host`` may be ``unix:/path``. Raises Lost."""
    remote = host if host.startswith("unix:") else f"{host}:{port}"
    try:
        if host.startswith("unix:"):
            sock = socket.socket(socket.AF_UNIX)
            sock.settimeout(timeout_s)
            sock.connect(host.removeprefix("unix:"))
        else:
            sock = socket.create_connection((host, port), timeout=timeout_s)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as wrong:
        words = "no answer in time" if isinstance(wrong, TimeoutError) else (wrong.strerror or str(wrong))
        raise Lost(own_words("4.4.1", f"no connection to {remote}: {words}")) from wrong
    dialog = Dialog(sock, host, remote, timeout_s)
    if context is not None and is_implicit(policy, port):
        try:
            dialog.protect(context)
        except Lost:
            sock.close()
            raise
    return dialog


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8")).decode("ascii")
