"""The path over real files, with a fuse before and after each thing it writes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from sqlalchemy import event, select

from gateway.archive.archive import Archive, create_archive
from gateway.archive.verify import Report, verify_archive
from gateway.clock import FixedClock
from gateway.deciding import Book
from gateway.delivery import Post
from gateway.errors import DocketError
from gateway.extraction import Extractor, Opening
from gateway.indexer import Indexer
from gateway.judge import Current, Judge
from gateway.mail.entry import Envelope
from gateway.pipeline import Gateway
from gateway.reader import understand
from gateway.relay.transport import Delivered
from gateway.store import tables
from index.registry import open_index
from rules.marketplace import builtin_texts, load_marketplaces
from rules.ruleset import load_ruleset
from tests.small_house import MAILBOX, RULES, once
from tests.stores import new_store

MARKETPLACES = load_marketplaces(builtin_texts())
UNOPENED = Extractor(Opening(text=False, barcodes=False))
_VOLATILE = {"lease", "leased_until"}  # of a claimer's life, not of the fold


class PowerCut(Exception):
    """The process ends here."""


@dataclass
class Fuse:
    """Counts what is written and cuts the power at one of these writes, before or after it is done."""

    nth: int = -1
    after: bool = False
    names: list[str] = field(default_factory=list)

    @property
    def blown(self) -> bool:
        return 0 <= self.nth < len(self.names)

    def at(self, name: str, do: Callable[[], object]) -> None:
        if self.blown:
            raise PowerCut("nothing is written by a dead process")
        self.names.append(name)
        if self.blown:
            if self.after:
                do()
            raise PowerCut(name)

    def on_commits(self, name: str, engine: Any) -> None:
        def commit(conn: Any) -> None:
            if conn.get_execution_options().get("docket_begin"):  # one that may write
                self.at(name, conn.connection.dbapi_connection.commit)

        event.listen(engine, "commit", commit)


@dataclass
class Remote:
    """Every server that mail is handed to: it takes all, and outlives the power cut."""

    taken: list[bytes] = field(default_factory=list)
    fuse: Fuse = field(default_factory=Fuse)

    def send(self, raw, mail_from, recipients):
        self.fuse.at("send", lambda: self.taken.append(raw))
        self.taken.append(raw)
        return (Delivered(recipients=recipients, reply="250 2.0.0 Ok: queued as 4ZqK1m", queue_id="4ZqK1m"),)

    def close(self):
        pass


class FusedIndex:
    """An index whose every write has a fuse."""

    def __init__(self, backend, fuse: Fuse) -> None:
        self._backend = backend
        self._fuse = fuse

    def __getattr__(self, name):
        return getattr(self._backend, name)

    def write(self, documents, position, gone=()):
        documents = list(documents)
        self._fuse.at("index write", lambda: self._backend.write(documents, position, gone))
        self._backend.write(documents, position, gone)


class ReadersHere:
    """What the reader pool does, without its processes: a crash run needs a hundred of them."""

    def understand(self, items):
        return [understand(item, MARKETPLACES, UNOPENED) for item in items]

    def close(self):
        pass


@dataclass
class Place:
    """A folder with an archive, a store and an index; ``remote`` and ``clock`` stand outside of it."""

    folder: Path
    remote: Remote = field(default_factory=Remote)
    clock: FixedClock = field(
        default_factory=lambda: FixedClock(datetime(2026, 11, 23, 8, 16, 30, tzinfo=UTC))
    )

    def url(self, name: str) -> str:
        return f"sqlite:///{self.folder / name}.db"

    def create(self) -> None:
        create_archive(
            self.url("archive"), self.url("keys"), self.folder / "secrets", "docket/crash", self.clock
        )

    def verify(self) -> Report:
        return verify_archive(self.url("archive"), self.url("keys"), self.folder / "secrets")

    def open(self, fuse: Fuse | None = None, *, store: str = "store") -> "Running":
        return Running(self, fuse or Fuse(), store)


class Running:
    """One process's life over a Place. Leaving the block frees the files, as the end of a process does."""

    def __init__(self, place: Place, fuse: Fuse, store: str, *, rules: str = RULES) -> None:
        place.remote.fuse = fuse
        self.clock = place.clock
        self.archive = Archive(
            place.url("archive"), place.url("keys"), place.folder / "secrets", clock=place.clock
        )
        self.store = new_store(place.folder / f"{store}.db")
        self.index = FusedIndex(open_index("tantivy", place.folder / "index", writer=True), fuse)
        fuse.on_commits("keys commit", self.archive._keys)
        fuse.on_commits("archive commit", self.archive._archive)
        fuse.on_commits("store commit", self.store._engine)
        posts = Post(
            address=MAILBOX, name="Support", sender=MAILBOX, deliver=place.remote, relay=place.remote
        )
        self.gateway = Gateway(
            archive=self.archive,
            store=self.store,
            readers=ReadersHere(),
            judge=Judge(
                archive=self.archive,
                store=self.store,
                current=once(Current(marketplaces=MARKETPLACES, readers=ReadersHere())),
                senders={MAILBOX: (MAILBOX, "Support")},
                settings={},
            ),
            book=Book(ruleset=load_ruleset(rules), marketplaces=MARKETPLACES),
            mailboxes={MAILBOX: MAILBOX},
            posts={MAILBOX: posts},
            clock=place.clock,
            hostname="docket.brand.example",
        )
        self.indexer = Indexer(archive=self.archive, store=self.store, backend=self.index)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.gateway.close()
        self.index.close()
        self.archive.close()
        self.store.close()

    def live(self, story: dict[str, tuple[bytes, dict]], acknowledged: dict[str, int]) -> None:
        """Do what a service does, until all is done or the power goes; note what was acknowledged."""
        try:
            self.gateway.resume()
            for name, (raw, known) in story.items():
                self.settle()
                self.clock.at += timedelta(seconds=2)
                if name not in acknowledged:  # a client sends again what it was not promised
                    envelope = Envelope(received_at=self.clock.now(), **known)
                    acknowledged[name] = self.gateway.accept(raw, envelope).result().seq
            self.settle()
        except (PowerCut, DocketError):
            if not self.fuse_is_blown():
                raise

    def fuse_is_blown(self) -> bool:
        return self.index._fuse.blown

    def settle(self) -> None:
        """Decide, index and send until nothing is left to do, as the worker does."""
        while True:
            while self.gateway.process() + self.indexer.advance():
                pass
            claimed = self.gateway.claim(1, "crash")
            if not claimed:
                return
            for job, known in claimed:
                self.gateway.run(job, known)


def dump(running: Running) -> dict[str, list[dict[str, Any]]]:
    """Return every row of the store, leases left out and texts unsealed: each sealing has a nonce of its own."""

    def plain(row: Any) -> dict[str, Any]:
        values = {column: value for column, value in row._asdict().items() if column not in _VOLATILE}
        if "sealed_text" in values:
            values["sealed_text"] = running.archive.open_for(values["seq"], "text", values["sealed_text"])
        return values

    with running.store.read() as conn:
        return {
            name: [plain(row) for row in conn.execute(select(table).order_by(*table.primary_key))]
            for name, table in tables.metadata.tables.items()
        }
