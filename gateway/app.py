"""The composition root: the only place where parts are made from settings. Read it to see what Docket consists of."""

import contextlib
import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path

import msgspec

from gateway.aftermath import Patience
from gateway.analyses import Analyses
from gateway.archive.archive import Archive
from gateway.authenticity.checks import Checks
from gateway.authenticity.resolver import Resolver
from gateway.capture.standing import Standing, read_standings
from gateway.clock import Clock, SystemClock
from gateway.config import Config, Mailbox
from gateway.deciding import Book
from gateway.delivery import Post
from gateway.door.address import split_address
from gateway.erasure.deed import Eraser
from gateway.errors import WrongUse
from gateway.evidence.pack import Exporter
from gateway.extraction import Opening
from gateway.indexer import Indexer, rebuild_index
from gateway.judge import Current, Judge, renewing
from gateway.mail.authenticity.check import Trust
from gateway.outlets import transport_of
from gateway.pipeline import Gateway
from gateway.readers import Readers
from gateway.relay.backoff import next_try
from gateway.relay.signing import load_signing
from gateway.relay.transport import Transport
from gateway.servers import Server
from gateway.shelf import Files, InForce, Shelf, Watch, last_good, read_files, stock, watch_over
from gateway.stating import seen_by
from gateway.store.accounts import Accounts
from gateway.store.engine import Store, delete_store, open_store
from gateway.timestamp.authority import Authority, load_authority
from index.backend import Backend
from index.errors import IndexDamaged
from index.registry import open_index
from rules.drop import DropAddress
from rules.errands import ErrandAddress
from rules.marketplace import Marketplaces
from rules.weights import Settings, settings_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class App:
    """One installation's parts, each made when first asked for, so that a command opens no more than it needs."""

    config: Config
    clock: Clock = field(default_factory=SystemClock)

    @cached_property
    def archive(self) -> Archive:
        return self.open_archive(self.config.outside)

    def open_archive(self, outside: Path | None) -> Archive:
        """Open it once more; with None whatever head is kept outside, for whoever looks or answers for going on."""
        self._initialised()
        urls = self.config.url("archive"), self.config.url("keys")
        keks = self.config.keys.source
        return Archive(*urls, self.config.secrets, clock=self.clock, outside=outside, keks=keks)

    @cached_property
    def store(self) -> Store:
        self._initialised()
        return open_store(self.config.url("store"))

    def discard_store(self) -> None:
        """Delete a damaged store; the next use makes an empty one."""
        if (opened := self.__dict__.pop("store", None)) is not None:
            opened.close()
        delete_store(self.config.url("store"))

    @cached_property
    def accounts(self) -> Accounts:
        self._initialised()
        return Accounts(self.config.url("accounts"), self.clock, passwords=not self.config.web.sso.only)

    @property
    def eraser(self) -> Eraser:
        place = self.config.folder / "certificates"
        return Eraser(archive=self.archive, store=self.store, clock=self.clock, certificates=place)

    @property
    def exporter(self) -> Exporter:
        said = seen_by(self.archive, witnesses=self.config.witness.named)
        return Exporter(self.archive, self.store, self.clock, self.authorities, said)

    @cached_property
    def authorities(self) -> tuple[Authority, ...]:
        told = self.config.timestamps.authority
        return tuple(load_authority(**msgspec.structs.asdict(one), clock=self.clock) for one in told)

    @property
    def index_place(self) -> Path:
        return self.config.folder / "index"

    def index(self, *, writer: bool = False) -> Backend:
        """Open the search index; the worker alone may open it as its writer."""
        self._initialised()
        return open_index(self.config.index.engine, self.index_place, writer=writer)

    @cached_property
    def shelf(self) -> Shelf:
        """The rule book and marketplace files in force; a broken one is named there and never stops mail."""
        return stock(self.files(), self._last_good)

    def files(self) -> Files:
        """Read the seller's own rule book and data files as they are now."""
        return read_files(self.config.rules, self.config.marketplaces)

    @property
    def book(self) -> Book:
        timetable = self.config.clocks.timetable(self.config.zone, self.config.alerts)
        return replace(self.shelf.book, drop=self.drop, marketplaces=self.marketplaces.timed(timetable))

    @property
    def marketplaces(self) -> Marketplaces:
        return self.shelf.book.marketplaces

    def watch(self) -> Watch:
        return watch_over(self.config.rules, self.config.marketplaces)

    def renew_shelf(self) -> Shelf:
        """Read the files again."""
        self.__dict__["shelf"] = found = stock(self.files(), self._last_good, self.__dict__.get("shelf"))
        return found

    def _last_good(self, name: str) -> str | None:
        return last_good(self.archive, name) if self.config.secrets.is_dir() else None

    @cached_property
    def mailboxes(self) -> dict[str, str]:
        """Every address we answer for, lower-cased, and the mailbox it belongs to."""
        boxes = self.config.mailbox
        return {each.lower(): box.address.lower() for box in boxes for each in (box.address, *box.aliases)}

    @cached_property
    def analyses(self) -> Analyses:
        return Analyses()

    def mailbox_of(self, recipient: str) -> str | None:
        return self.mailboxes.get(recipient.lower())

    @property
    def opening(self) -> Opening:
        work = self.config.work
        return Opening(
            text=work.attachment_text,
            barcodes=work.barcodes,
            seconds=work.attachment_seconds,
            memory_bytes=work.attachment_memory_bytes,
        )

    @cached_property
    def in_force(self) -> InForce:
        return InForce(self.archive)

    @cached_property
    def drop(self) -> DropAddress:
        return DropAddress(address=self.config.drop.address.lower(), senders=self.config.drop.senders)

    def takes(self, recipient: str) -> str | None:
        return self.mailbox_of(recipient) or ("" if self.drop.ref_of(recipient) else None)  # "": it is filed

    def readers(self, *, journal: Path | None = None, count: int = 0) -> Readers:
        return Readers(
            self.shelf.texts,
            count=count or self.config.work.readers,
            seconds=self.config.work.reader_seconds,
            memory_bytes=self.config.work.reader_memory_bytes,
            opening=self.opening,
            journal=journal,
        )

    def gateway(self, *, journal: str = "reading.json", reading: bool = False) -> Gateway:
        """Make the path itself; ``reading`` begins with what reads, before there are threads, since it may be forked."""
        work = self.config.work
        readers = self.readers(journal=self.config.folder / journal)
        if reading:
            readers.begin()
        return Gateway(
            archive=self.archive,
            store=self.store,
            readers=readers,
            judge=self.judge(),
            book=self.book,
            mailboxes=self.mailboxes,
            posts={box.address.lower(): self.post(box) for box in self.config.mailbox},
            clock=self.clock,
            hostname=self.config.hostname,
            alerts=self.config.alerts,
            web=self.config.web_url,
            analyses=self.analyses,
            checks=self._checks(),
            patience=Patience(
                retry=lambda attempts, now, rng: next_try(
                    attempts, now, rng, minutes=work.retry_minutes, give_up_hours=work.give_up_hours
                ),
                warn_after=timedelta(hours=work.warn_hours),
                give_up=timedelta(hours=work.give_up_hours),
            ),
        )

    @property
    def standings_place(self) -> Path:
        return self.config.folder / "capture.json"

    def standings(self) -> list[Standing]:
        """Return how the accounts stand that are captured by today's settings."""
        wanted = {one.account for box in self.config.mailbox for one in box.capture}
        return [one for one in read_standings(self.standings_place) if one.account in wanted]

    @contextlib.contextmanager
    def indexer(self) -> Iterator[Indexer]:
        """Open the index for writing; a damaged one is built anew, since everything in it stands elsewhere."""
        try:
            backend = self.index(writer=True)
        except IndexDamaged as wrong:
            log.warning("index-damaged rebuilding=yes error=%s", wrong)
            self.rebuild_index()
            backend = self.index(writer=True)
        try:
            yield Indexer(archive=self.archive, store=self.store, backend=backend, analyses=self.analyses)
        finally:
            backend.close()

    def rebuild_index(self) -> int:
        """Build the index anew from the store; return the entry it stands at."""
        engine = self.config.index.engine
        return rebuild_index(self.archive, self.store, self.analyses, engine, self.index_place)

    @property
    def config_hash(self) -> str:
        return hashlib.sha256(msgspec.json.encode(self.config, order="sorted")).hexdigest()

    def _checks(self) -> Checks:
        told = self.config.authenticity
        trust = Trust(servers=told.trusted_authserv, sealers=told.trusted_sealers, lists=told.trusted_lists)
        return Checks(clock=self.clock, resolver=self.resolver, trust=trust, timeout_s=told.timeout_s)

    @property
    def resolver(self) -> Resolver | None:
        """Whoever answers questions about senders; None where nobody is asked."""
        if (dns := self.config.authenticity.dns) == "off":
            return None
        return Resolver(() if dns == "system" else tuple(map(split_address, dns)))

    def judge(self) -> Judge:
        return Judge(
            archive=self.archive,
            store=self.store,
            current=renewing(self.watch(), self._now),
            senders={box.address.lower(): (box.sender, box.name) for box in self.config.mailbox},
            settings=self.policies(),
            drop=self.drop,
            errands=ErrandAddress(domain=self.config.acts.domain.lower()),
            refund_needs=self.config.dossier.refund_needs,
            caps=self.config.sending.caps,
        )

    def _now(self, *, again: bool) -> Current:
        shelf = self.renew_shelf() if again else self.shelf
        # no journal: what was judged when we crashed was never taken
        return Current(marketplaces=shelf.book.marketplaces, readers=self.readers(count=1))

    def policies(self) -> dict[str, tuple[Settings, ...]]:
        """Return what is set for each mailbox, the nearest first."""
        everywhere = settings_of(self.config.policy, where="policy")
        own = {box.address.lower(): settings_of(box.policy, where="policy") for box in self.config.mailbox}
        return {"": (everywhere,), **{address: (one, everywhere) for address, one in own.items()}}

    def post(self, box: Mailbox) -> Post:
        return Post(
            address=box.address,
            name=box.name,
            sender=box.sender,
            deliver=self.transport(box.deliver, box.address),
            relay=self.transport(box.relay, box.address),
            unknown=box.relay.unknown,
            signing=load_signing(box.signing_domain, box.dkim.selector, box.dkim.key_file, box.address),
        )

    def transport(self, server: Server, address: str) -> Transport | None:
        """Make the way out that a mailbox's settings describe; raises WrongUse where they cannot work."""
        return transport_of(server, address, hostname=self.config.hostname)

    def _initialised(self) -> None:
        if not self.config.secrets.is_dir():
            raise WrongUse(f"there is no archive in {self.config.folder} yet; run: docket init")
