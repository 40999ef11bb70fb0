"""A way in that really listens on loopback, with an archive that is a list."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvloop

from gateway.clock import FixedClock
from gateway.door.doorkeeper import Doorkeeper
from gateway.door.limits import Limits
from gateway.door.standing import Standing
from gateway.door.throttle import Gate
from gateway.ingest.listener import Listener, trust
from gateway.ingest.lmtp import LmtpConnection
from gateway.ingest.service import Service
from gateway.ingest.smtp import SmtpConnection
from gateway.ingest.submission import SubmissionConnection
from gateway.ingest.tls import make_certificate, server_context
from gateway.mail.entry import Envelope
from gateway.receipt import Receipt
from gateway.ticket import Ticket

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
PASSWORDS = {"anna": "secret", "björn": "geheim ö"}
_BOXES = {"support@shop.example": "support@shop.example", "help@shop.example": "support@shop.example"}
_BOXES |= {"postmaster": "support@shop.example", "büro@shop.example": "support@shop.example"}


def knows(address: str) -> str | None:
    return _BOXES.get(address.lower())


class Archive:
    """Keeps messages in a list; ``answer`` replaces what becomes of the next ones."""

    def __init__(self) -> None:
        self.kept: list[tuple[bytes, Envelope]] = []
        self.answer: Callable[[bytes, Envelope], Future[Receipt]] = self._keep
        self.broken: list[Exception] = []

    def accept(self, raw: bytes, envelope: Envelope) -> Future[Receipt]:
        return self.answer(raw, envelope)

    def _keep(self, raw: bytes, envelope: Envelope) -> Future[Receipt]:
        future: Future[Receipt] = Future()
        self.kept.append((raw, envelope))
        future.set_result(Receipt(seq=len(self.kept), reply=f"250 2.0.0 Archived {len(self.kept)}"))
        return future

    def raises(self, fault: Exception) -> None:
        def answer(_raw: bytes, _envelope: Envelope) -> Future[Receipt]:
            future: Future[Receipt] = Future()
            future.set_exception(fault)
            return future

        self.answer = answer


class Client:
    """A raw socket that says exactly what it is told."""

    def __init__(self, address: str, *, context: ssl.SSLContext | None = None) -> None:
        if address.startswith("unix:"):
            self.socket: socket.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(10)
            self.socket.connect(address[5:])
        else:
            host, _, port = address.rpartition(":")
            self.socket = socket.create_connection((host, int(port)), timeout=10)
        if context is not None:
            self.secure(context)
        self._file = self.socket.makefile("rb")

    def secure(self, context: ssl.SSLContext) -> None:
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        self._file = self.socket.makefile("rb")

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def reply(self) -> str:
        """Return one whole reply, lines joined by LF; "" when the server has closed."""
        lines = []
        while True:
            try:
                line = self._file.readline()
            except ConnectionResetError:
                line = b""
            lines.append(line.decode().removesuffix("\r\n"))
            if line[3:4] != b"-":
                return "\n".join(lines)

    def say(self, line: str) -> str:
        self.send(line.encode() + b"\r\n")
        return self.reply()

    def open(self, hello: str = "EHLO client.example") -> "Client":
        assert self.reply().startswith("220 ")
        assert self.say(hello).startswith("250")
        return self

    def begin(self) -> "Client":
        """Go up to the moment where the message is sent."""
        assert self.say("MAIL FROM:<buyer@example.net>").startswith("250 ")
        assert self.say("RCPT TO:<support@shop.example>").startswith("250 ")
        assert self.say("DATA").startswith("354 ")
        return self

    def closed(self) -> bool:
        return self.reply() == ""

    def close(self) -> None:
        self._file.close()
        self.socket.close()


class House:
    """Listeners on a loop of their own, in a thread, because tests block."""

    def __init__(self, loop: asyncio.AbstractEventLoop, certificates: tuple[Path, Path]) -> None:
        self.archive = Archive()
        self.now = NOW
        self.certificates = certificates
        self.checked: list[str] = []
        self.out: set[str] = set()  # agents whose logins stand no more
        self.is_blind = False  # whether logins cannot be looked up
        self._loop = loop
        self._listeners: list[Listener] = []
        self._thread = threading.Thread(target=loop.run_forever)
        self._thread.start()

    def service(self, **limits: float) -> Service:
        chosen = Limits(**limits)
        return Service(
            accept=self.archive.accept,
            limits=chosen,
            clock=FixedClock(NOW),
            hostname="mx.shop.example",
            gate=Gate(chosen),
            is_trusted=trust(["127.0.0.2", "unix"]),
            on_broken=self.archive.broken.append,
        )

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(20)

    def listen(self, make, address: str = "127.0.0.1:0", **options) -> str:
        listener = Listener(make, **options)
        self._listeners.append(listener)
        return self.run(listener.start(address))

    def smtp(self, *, tls: bool = False, **limits: float) -> str:
        service = self.service(**limits)
        context = server_context(*self.certificates) if tls else None
        return self.listen(lambda: SmtpConnection(service, knows=knows, tls=context))

    def lmtp(self, address: str = "127.0.0.1:0", **limits: float) -> str:
        service = self.service(**limits)
        return self.listen(lambda: LmtpConnection(service, knows=knows), address)

    def submission(self, *, implicit: bool = False, tls: bool = True, **limits: float) -> str:
        service = self.service(**limits)
        context = server_context(*self.certificates) if tls else None
        doorkeeper, standing = Doorkeeper(self._check, service.limits), Standing(self._void)

        def make() -> SubmissionConnection:
            starttls = None if implicit else context
            return SubmissionConnection(
                service, doorkeeper=doorkeeper, standing=standing, mailbox_of=_mailbox_of, tls=starttls
            )

        return self.listen(make, context=context if implicit else None)

    def stopping(self) -> Callable[[], None]:
        """Begin to stop; the returned function waits until it is done."""
        futures = [
            asyncio.run_coroutine_threadsafe(each.stop(grace_s=5), self._loop) for each in self._listeners
        ]
        self._listeners.clear()
        return lambda: [future.result(20) for future in futures] and None

    def stop(self) -> None:
        self.stopping()()

    def end(self) -> None:
        self.stop()
        self.run(self._loop.shutdown_default_executor())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _check(self, name: str, password: str) -> Ticket | None:
        self.checked.append(threading.current_thread().name)
        return Ticket(agent=name, stamp="") if PASSWORDS.get(name) == password else None

    def _void(self, tickets: Collection[Ticket]) -> list[Ticket]:
        if self.is_blind:
            raise OSError("the disk")
        return [one for one in tickets if one.agent in self.out]


def _mailbox_of(_agent: str, _mail_from: str, header_from: str) -> str:
    return knows(header_from) or ""


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    return make_certificate(folder, names=("localhost", "127.0.0.1"), now=datetime.now(UTC))


@pytest.fixture
def client_context(certificates: tuple[Path, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificates[0]))


@pytest.fixture(params=["asyncio", "uvloop"])
def house(request: pytest.FixtureRequest, certificates: tuple[Path, Path]) -> Iterator[House]:
    loop = asyncio.new_event_loop() if request.param == "asyncio" else uvloop.new_event_loop()
    built = House(loop, certificates)
    yield built
    built.end()


@pytest.fixture
def connect() -> Iterator[Callable[..., Client]]:
    clients: list[Client] = []

    def to(address: str, **options) -> Client:
        clients.append(Client(address, **options))
        return clients[-1]

    yield to
    for client in clients:
        client.close()
