"""The port of agents' mail clients, with a real archive, store and accounts, before whichever server a test names."""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop
from argon2 import PasswordHasher

from gateway.archive.archive import Archive, create_archive
from gateway.clock import FixedClock
from gateway.door.doorkeeper import Doorkeeper
from gateway.door.limits import Limits
from gateway.door.standing import Standing
from gateway.door.throttle import Gate
from gateway.imap_proxy.front import Front, House, Mailbox
from gateway.imap_proxy.record import Journal
from gateway.imap_proxy.upstream import Upstream
from gateway.ingest.tls import make_certificate, server_context
from gateway.mail.entry import Entry
from gateway.store.accounts import Accounts
from gateway.store.engine import Store
from gateway.store.tickets import Tickets
from tests.stores import new_store

NOW = datetime(2026, 11, 27, 8, 0, tzinfo=UTC)
AGENT, WORD = "anna", "sesame open"
MAILBOX = "support@brand.example"


@dataclass
class Port:
    """The running port: where it listens in the clear and with TLS, and the archive behind it."""

    archive: Archive
    store: Store
    accounts: Accounts
    ca_file: Path
    clear: tuple[str, int] = ("", 0)
    tls: tuple[str, int] = ("", 0)
    broken: list[Exception] = field(default_factory=list)

    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.ca_file))

    def entries(self) -> list[Entry]:
        return [one for one in self.archive.entries(0) if one.type == "imap"]


@contextlib.contextmanager
def agents_port(
    place: Path,
    upstream: Upstream,
    *,
    protected: tuple[str, ...] = (),
    every_s: float = 2.0,
    **limits: Any,
) -> Iterator[Port]:
    """Run the port on a loop of its own until the block ends; afterwards everything that was done is archived."""
    urls = {name: f"sqlite:///{place / name}.db" for name in ("archive", "keys", "store", "accounts")}
    clock = FixedClock(NOW)
    create_archive(urls["archive"], urls["keys"], place / "secrets", "docket/brand.example", clock)
    port = Port(
        archive=Archive(urls["archive"], urls["keys"], place / "secrets", clock=clock),
        store=new_store(place / "store.db"),
        accounts=Accounts(
            urls["accounts"], clock, hasher=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        ),
        ca_file=place / "tls" / "certificate.pem",
    )
    port.accounts.add(AGENT, WORD, mailboxes=[MAILBOX])
    certificate = make_certificate(place / "tls", names=("localhost", "127.0.0.1"), now=datetime.now(tz=UTC))
    started: Future[None] = Future()
    ending = asyncio.Event()
    loop = uvloop.new_event_loop()  # as serve does

    tickets = Tickets(port.accounts)

    async def run() -> None:
        settings = Limits(**limits)
        box = Mailbox(address=MAILBOX, upstream=upstream, protected=protected)
        house = House(
            doorkeeper=Doorkeeper(tickets.give, settings),
            standing=Standing(tickets.void, every_s=every_s),
            route=lambda _, wanted: box if wanted in {"", MAILBOX} else None,
            journal=Journal(port.archive, port.store),
            limits=settings,
            gate=Gate(settings),
            hostname="docket.brand.example",
            new_id=lambda: "01J00000000000000000000000",
            on_broken=port.broken.append,
        )
        context = server_context(*certificate)
        fronts = [Front(house, tls=context, implicit=implicit) for implicit in (False, True)]
        bound = [await front.start("127.0.0.1:0") for front in fronts]
        port.clear, port.tls = ((one.split(":")[0], int(one.split(":")[1])) for one in bound)
        started.set_result(None)
        await ending.wait()
        for front in fronts:
            await front.stop()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    try:
        started.result(30)
        yield port
    finally:
        loop.call_soon_threadsafe(ending.set)
        thread.join(20)
        loop.close()
        for part in (port.archive, port.store, port.accounts):
            part.close()
