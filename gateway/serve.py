"""The service: listeners and web view on one loop, the worker in a process beside it, until told to stop.

Shutdown is the reverse of starting: take no more mail, answer what is in the archive's hands, end the worker, close.
"""

import asyncio
import gc
import logging
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from gateway.app import App
from gateway.clients.services import untagged
from gateway.door.doorkeeper import Doorkeeper
from gateway.door.standing import Standing
from gateway.door.throttle import Gate
from gateway.errors import ArchiveBroken, WrongUse
from gateway.fronts import fronts_of
from gateway.imap_proxy.front import Front
from gateway.ingest.connection import Connection
from gateway.ingest.listener import Listener, trust
from gateway.ingest.lmtp import LmtpConnection
from gateway.ingest.service import Service
from gateway.ingest.smtp import SmtpConnection
from gateway.ingest.submission import SubmissionConnection
from gateway.ingest.tls import server_context
from gateway.introduction import names_of
from gateway.mail.entry import Draft
from gateway.outlets import witnesses_of
from gateway.receipt import Accept
from gateway.status import software_entry
from gateway.store.tickets import Tickets
from gateway.supervise import WorkerProcess, is_at_work
from gateway.telling import hooks_of
from gateway.timekeeping import stamping_of
from gateway.webservice import serving_web
from gateway.witnessing import Witnessing
from gateway.worker import Locked, hold_lock
from gateway.workprocess import EXIT_LOCKED, serve_lock_of

log = logging.getLogger(__name__)

_WATCH_S = 0.5
_HEALTHY_S = 10.0
_PATIENCE_S = 30.0


@dataclass(slots=True, kw_only=True)
class Running:
    """What runs: where each listener is bound, by kind, and the event that ends it all."""

    stop: asyncio.Event
    bound: dict[str, list[str]] = field(default_factory=dict)
    broken: ArchiveBroken | None = None


async def serve(app: App) -> None:
    """Serve until SIGTERM or SIGINT. Raises ArchiveBroken when the archive can no longer promise durability."""
    async with running(app) as service:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, service.stop.set)
        gc.freeze()  # what is loaded by now is never garbage: going through it made somebody wait a tenth of a second
        gc.set_threshold(50_000, 20, 50)
        await service.stop.wait()
    if service.broken is not None:
        raise service.broken


@asynccontextmanager
async def running(app: App, *, quiet: bool = False) -> AsyncIterator[Running]:
    """Run everything for as long as the context is open; ``quiet`` keeps the worker from telling what it does."""
    service = Running(stop=asyncio.Event())
    async with AsyncExitStack() as stack:
        _alone(app, stack)
        gateway = app.gateway()
        app.archive.append(Draft(type="software", payload=software_entry(app), meta={}))
        _ = app.store, app.accounts  # made here once, before a second process opens them
        if not is_at_work(app.config):  # an import has made the index that it writes
            app.index(writer=True).close()
        stack.callback(app.archive.close)
        stack.callback(gateway.close)
        supervisor = await stack.enter_async_context(_supervised(app, quiet=quiet))
        app.archive.on_commit(supervisor.wake)
        if any(box.capture or box.views.kind != "none" for box in app.config.mailbox):
            await stack.enter_async_context(_supervised(app, quiet=quiet, module="gateway.captureprocess"))
        if app.authorities and app.config.timestamps.every_minutes:
            stack.enter_context(stamping_of(app).kept(every_s=app.config.timestamps.every_minutes * 60))
        if app.config.witness.named:
            witnesses = witnesses_of(app.config, app.archive.verifier.vkey())
            witnessing = Witnessing(app.archive, witnesses, app.clock)
            stack.enter_context(witnessing.kept(every_s=app.config.witness.every_hours * 3600))
        if app.config.hook:
            stack.enter_context(hooks_of(app).kept())
        for kind, address, listener in _listeners(app, gateway.accept, service):
            service.bound.setdefault(kind, []).append(await listener.start(address))
            stack.push_async_callback(listener.stop)
        if app.config.listen.web:
            service.bound["web"] = [
                await stack.enter_async_context(serving_web(app, service.bound, gateway.accept))
            ]
        yield service


def _alone(app: App, stack: AsyncExitStack) -> None:
    """Hold the service's own lock for as long as the stack is open; raises WrongUse where another service runs."""
    _ = app.archive  # where there is none yet this says so
    try:
        stack.enter_context(hold_lock(serve_lock_of(app.config)))
    except Locked as held:
        raise WrongUse(f"docket serve runs already on {app.config.folder}; stop it first") from held


def _listeners(app: App, accept: Accept, service: Running) -> list[tuple[str, str, Listener | Front]]:
    config = app.config
    loop = asyncio.get_running_loop()

    def broken(wrong: ArchiveBroken) -> None:
        service.broken = wrong
        loop.call_soon_threadsafe(service.stop.set)

    shared = Service(
        accept=accept,
        limits=config.limits,
        clock=app.clock,
        hostname=config.hostname,
        gate=Gate(config.limits),
        is_trusted=trust(config.trusted_peers),
        on_broken=broken,
    )
    knows = app.takes
    listeners: list[tuple[str, str, Listener | Front]] = []
    for kind, addresses, make in (
        ("smtp", config.listen.smtp, partial(SmtpConnection, shared, knows=knows)),
        ("lmtp", config.listen.lmtp, partial(LmtpConnection, shared, knows=knows)),
    ):
        listeners.extend((kind, address, Listener(make)) for address in addresses)
    reads = any(box.imap.host for box in config.mailbox) and bool(config.listen.imap or config.listen.imaps)
    if not config.listen.submission and not config.listen.submissions and not reads:
        return listeners
    if not config.tls.certificate or not config.tls.key:
        raise WrongUse("mail clients need a certificate: set certificate and key under [tls]")
    tls = server_context(Path(config.tls.certificate), Path(config.tls.key))
    tickets = Tickets(app.accounts)
    doorkeeper = Doorkeeper(tickets.give, config.limits, names_of(app))
    standing = Standing(tickets.void)
    submission = partial(
        SubmissionConnection, shared, doorkeeper=doorkeeper, standing=standing, mailbox_of=_mailbox_for(app)
    )
    starttls: Callable[[], Connection] = partial(submission, tls=tls)
    listeners.extend(("submission", address, Listener(starttls)) for address in config.listen.submission)
    implicit = partial(Listener, submission, context=tls, handshake_s=config.limits.handshake_s)
    listeners.extend(("submissions", address, implicit()) for address in config.listen.submissions)
    if reads:
        listeners.extend(fronts_of(app, doorkeeper, standing, tls, broken))
    return listeners


def _mailbox_for(app: App) -> Callable[[str, str, str], str]:
    """Say which mailbox an agent writes for: the one their From names, else their only one, else the first, "" for none."""

    def mailbox_for(agent: str, mail_from: str, header_from: str) -> str:
        boxes = tuple(dict.fromkeys(app.mailboxes.values()))
        held = app.accounts.mailboxes_of(agent)
        if held is None:
            return ""
        theirs = [box for box in held if box in boxes] if held else boxes
        for address in (header_from, mail_from):
            box = app.mailbox_of(address) or app.mailbox_of(untagged(address))
            if box in theirs:
                return str(box)
        return theirs[0] if theirs else ""

    return mailbox_for


class _Supervisor:
    """Keeps one process alive; each failure waits longer, so that a broken start does not spin."""

    def __init__(self, app: App, *, quiet: bool, module: str) -> None:
        self._app = app
        self._begin = partial(WorkerProcess, app.config, quiet=quiet, nice=True, anew=True, module=module)
        self._name = module.removeprefix("gateway.")
        self.worker = self._begin()

    def wake(self) -> None:
        self.worker.wake()

    async def watch(self) -> None:
        failures, began = 0, time.monotonic()
        while True:
            await asyncio.sleep(_WATCH_S)
            code = self.worker.process.poll()
            if code is None:
                continue
            if code == EXIT_LOCKED:  # an import has a worker of its own, which does all the work meanwhile
                await asyncio.sleep(_WATCH_S)
                if not await asyncio.to_thread(is_at_work, self._app.config):
                    self.worker = self._begin()
                continue
            failures = 0 if time.monotonic() - began > _HEALTHY_S else failures + 1
            pause = min(_PATIENCE_S, 0.1 * 2**failures)
            log.error("%s-ended code=%d restart_s=%.1f", self._name, code, pause)
            await asyncio.sleep(pause)
            began = time.monotonic()
            self.worker = self._begin()


@asynccontextmanager
async def _supervised(
    app: App, *, quiet: bool, module: str = "gateway.workprocess"
) -> AsyncIterator[_Supervisor]:
    supervisor = _Supervisor(app, quiet=quiet, module=module)
    watching = asyncio.create_task(supervisor.watch())
    try:
        yield supervisor
    finally:
        watching.cancel()
        await asyncio.to_thread(supervisor.worker.stop)
