"""A server that says what a test tells it to: one scripted answer, silence or hang-up for each step."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

DROP = "<drop>"  # close the connection instead of answering
HANG = "<hang>"  # never answer


@dataclass
class Scripted:
    """Answers each step with ``script[step]``; a list gives one answer after another.

    Whoever is called nobody is unknown, unless the script says otherwise.
    Steps: connect ehlo lhlo starttls auth mail rcpt data body dot rset. ``body`` happens when the first bytes of a message
    have arrived, before the final dot. An answer may hold several lines.
    """

    script: Mapping[str, str | list[str]] = field(default_factory=dict)
    extensions: tuple[str, ...] = ("8BITMIME", "SIZE 30000000", "ENHANCEDSTATUSCODES")
    context: ssl.SSLContext | None = None  # with it, STARTTLS is offered
    implicit: bool = False
    lmtp: bool = False
    commands: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)  # between DATA and the final dot, as it travelled
    port: int = 0
    left: threading.Event = field(default_factory=threading.Event)  # a client has said goodbye
    _served: dict[str, int] = field(default_factory=dict)

    def answer(self, step: str, default: str) -> str:
        given = self.script.get(step, default)
        if isinstance(given, str):
            return given
        number = self._served.get(step, 0)
        self._served[step] = number + 1
        return given[min(number, len(given) - 1)]


class _Ended(Exception):
    pass


@contextlib.contextmanager
def scripted(**settings: object) -> Iterator[Scripted]:
    """Run a scripted server on a free loopback port until the block ends."""
    server = Scripted(**settings)  # type: ignore[arg-type]
    listener = socket.create_server(("127.0.0.1", 0))
    server.port = listener.getsockname()[1]
    open_: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            open_.append(connection)
            with contextlib.suppress(_Ended, OSError):
                _converse(connection, server, open_)
            for one in open_:  # a reader may still hold what was closed
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in tuple(open_):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        for connection in open_:  # only now: TLS begun at the last moment makes one more of them
            connection.close()


def _converse(connection: socket.socket, server: Scripted, open_: list[socket.socket]) -> None:
    if server.implicit:
        assert server.context is not None
        connection = _protect(connection, server.context, open_)
    protected = server.implicit
    reader = connection.makefile("rb")
    _say(connection, server.answer("connect", "220 scripted.example ready"))
    recipients = 0
    while line := reader.readline():
        command = line.decode("utf-8", "replace").rstrip("\r\n")
        server.commands.append(command)
        verb = command.split(" ")[0].split(":")[0].upper()
        if verb in {"EHLO", "LHLO"}:
            offered = [*server.extensions, *(["STARTTLS"] if server.context and not protected else [])]
            lines = ["scripted.example", *offered]
            greeting = "\r\n".join(
                f"250{'-' if number < len(lines) - 1 else ' '}{text}" for number, text in enumerate(lines)
            )
            _say(connection, server.answer(verb.lower(), greeting))
        elif verb == "STARTTLS":
            answer = server.answer("starttls", "220 go ahead")
            _say(connection, answer)
            if answer.startswith("220"):
                assert server.context is not None
                connection = _protect(connection, server.context, open_)
                protected = True
                reader = connection.makefile("rb")
        elif verb == "AUTH":
            if command == "AUTH LOGIN":
                server.commands.extend(
                    _ask(connection, reader, word) for word in ("VXNlcm5hbWU6", "UGFzc3dvcmQ6")
                )
            _say(connection, server.answer("auth", "235 2.7.0 welcome"))
        elif verb == "MAIL":
            _say(connection, server.answer("mail", "250 2.1.0 sender ok"))
        elif verb == "RCPT":
            known = "550 5.1.1 unknown" if "<nobody@" in command else "250 2.1.5 recipient ok"
            answer = server.answer("rcpt", known)
            recipients += answer.startswith("2")
            _say(connection, answer)
        elif verb == "DATA":
            answer = server.answer("data", "354 go on")
            _say(connection, answer)
            if answer.startswith("354"):
                _take_message(connection, reader, server, recipients if server.lmtp else 1)
        elif verb == "HELO":
            _say(connection, server.answer("helo", "250 scripted.example"))
        elif verb == "RSET":
            _say(connection, server.answer("rset", "250 2.0.0 ok"))
        elif verb == "QUIT":
            server.left.set()
            _say(connection, "221 2.0.0 bye")
            connection.close()
            return
        else:
            _say(connection, "250 2.0.0 ok")


def _take_message(connection: socket.socket, reader, server: Scripted, answers: int) -> None:
    first = reader.readline()
    if "body" in server.script:
        with reader, connection:  # both must go, or the kernel keeps the connection open
            _say(connection, server.answer("body", ""))
        raise _Ended
    lines = [first]
    while lines[-1] not in {b".\r\n", b""}:
        lines.append(reader.readline())
    server.bodies.append(b"".join(lines[:-1]))
    for _ in range(answers):
        _say(connection, server.answer("dot", "250 2.0.0 Ok: queued as 4Rb1x23Kz9z1c"))


def _ask(connection: socket.socket, reader, challenge: str) -> str:
    _say(connection, f"334 {challenge}")
    return reader.readline().decode().rstrip("\r\n")


def _protect(connection: socket.socket, context: ssl.SSLContext, open_: list[socket.socket]) -> socket.socket:
    protected = context.wrap_socket(connection, server_side=True)
    open_.append(protected)
    return protected


def _say(connection: socket.socket, answer: str) -> None:
    if answer == DROP:
        connection.shutdown(socket.SHUT_RDWR)
        connection.close()
        raise _Ended
    if answer == HANG:
        connection.recv(1)  # ends when the client gives up and closes
        raise _Ended
    connection.sendall(answer.encode() + b"\r\n")
