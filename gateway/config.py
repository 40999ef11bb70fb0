"""The settings, as they stand in one TOML file; ``config.example.toml`` shows every one with a comment.

Only ``app`` and ``cli`` read this module: every component takes plain values.
"""

import re
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from gateway.door.limits import Limits
from gateway.keeping import Erasure, Keys, Retention, Witness, default_head
from gateway.programs import Api, Hook, ParcelSource
from gateway.ranges import (
    Bytes,
    Count,
    Hours,
    Minutes,
    OptionalCount,
    OptionalHours,
    OptionalMinutes,
    OptionalSeconds,
    Seconds,
    Text,
)
from gateway.servers import Capture, Imap, Server, Views
from gateway.timetable import Clocks
from rules.traffic import Caps

Weight = Literal["refuse", "hold", "warn", "off"]
PolicyTable = dict[str, Weight | tuple[str, ...] | dict[str, Weight]]
PLAIN = re.compile(r"[a-z0-9-]{1,40}")


class Dkim(Struct, frozen=True, forbid_unknown_fields=True):
    """The key that a mailbox's answers are signed with; "" is none: the provider's server signs."""

    selector: str = ""
    key_file: str = ""  # RSA, PEM
    domain: str = ""  # default: that of the address answers leave from


class Mailbox(Struct, frozen=True, forbid_unknown_fields=True):
    """One support address: who reads it, where its mail is delivered and how its answers leave."""

    address: str
    aliases: tuple[str, ...] = ()
    name: str = ""  # the display name buyers see
    approved_sender: str = ""  # the address the marketplace accepts mail from; default: ``address``
    dkim_selectors: tuple[str, ...] = ()  # which keys its provider signs with, for ``docket doctor``
    deliver: Server = field(default_factory=Server)
    relay: Server = field(default_factory=Server)
    dkim: Dkim = field(default_factory=Dkim)
    imap: Imap = field(default_factory=Imap)  # where its agents' mail clients get to
    views: Views = field(default_factory=Views)  # what they see there of orders and deadlines
    capture: tuple[Capture, ...] = ()
    policy: PolicyTable = field(default_factory=dict)  # goes before the policy for all mailboxes

    @property
    def sender(self) -> str:
        return self.approved_sender or self.address

    @property
    def signing_domain(self) -> str:
        return (self.dkim.domain or self.sender.rpartition("@")[2]).lower()


class Listeners(Struct, frozen=True, forbid_unknown_fields=True):
    """Where Docket listens; each is ``ADDRESS:PORT``, and ``unix:/path`` for LMTP. An empty list is off."""

    smtp: tuple[str, ...] = ("127.0.0.1:2525",)
    lmtp: tuple[str, ...] = ()
    submission: tuple[str, ...] = ("127.0.0.1:5587",)
    submissions: tuple[str, ...] = ("127.0.0.1:5465",)
    imap: tuple[str, ...] = ("127.0.0.1:5143",)  # as long as a mailbox has [mailbox.imap]
    imaps: tuple[str, ...] = ("127.0.0.1:5993",)
    web: str = "127.0.0.1:8025"


class Tls(Struct, frozen=True, forbid_unknown_fields=True):
    """The certificate that agents' mail clients see, both in PEM files."""

    certificate: str = ""
    key: str = ""


class Sso(Struct, frozen=True, forbid_unknown_fields=True):
    """An OpenID Connect provider at which people log in; ``only`` shuts every other door of the web view."""

    issuer: str = ""
    client_id: str = ""
    client_secret_file: str = ""
    title: str = "Company login"  # what its button says
    claim: str = "preferred_username"  # whose value is an agent's name here, the first time
    only: bool = False


class Web(Struct, frozen=True, forbid_unknown_fields=True):
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost")
    secure_cookie: bool = False
    session_hours: Hours = 12.0
    url: str = ""  # where people reach it, for the links in notices; default: the address it listens on
    sso: Sso = field(default_factory=Sso)


class Clients(Struct, frozen=True, forbid_unknown_fields=True):
    """What agents' mail clients are told where they see other names and ports than Docket does."""

    host: str = ""  # default: ``hostname``
    imap: str = ""  # ``imaps://HOST:PORT``; default: ``host`` and the port of listen.imaps
    smtp: str = ""


class Index(Struct, frozen=True, forbid_unknown_fields=True):
    engine: str = "auto"


class Authenticity(Struct, frozen=True, forbid_unknown_fields=True):
    """Who is asked, and who is believed, about who sent a message."""

    dns: Literal["system", "off"] | tuple[str, ...] = "system"  # name servers as ``HOST:PORT``
    timeout_s: Seconds = 10.0  # for all questions about one message
    trusted_authserv: tuple[str, ...] = ()  # whose Authentication-Results are read, from trusted_peers alone
    trusted_sealers: tuple[str, ...] = ()  # domains whose ARC seals are believed
    trusted_lists: tuple[str, ...] = ()  # domains whose mailing lists' X-Original-Sender is believed


class Databases(Struct, frozen=True, forbid_unknown_fields=True):
    """SQLAlchemy URLs; an empty one means an SQLite file in the data folder."""

    archive: str = ""
    keys: str = ""
    accounts: str = ""
    store: str = ""


class Drop(Struct, frozen=True, forbid_unknown_fields=True):
    """The evidence drop address: ``order+REF@...`` files whatever is sent to it under the order REF."""

    address: str = ""
    senders: tuple[str, ...] = ()


class Acts(Struct, frozen=True, forbid_unknown_fields=True):
    """Acts by mail: what agents send to an address of this domain is done, and goes nowhere."""

    domain: str = "docket.local"  # no mail server's; "" is off


class Sending(Struct, frozen=True, forbid_unknown_fields=True):
    """What agents send, beside what they sent before; 0 is off. What follows stands under ``policy``."""

    answered_minutes: OptionalMinutes = 60.0  # a colleague's answer to the same message within
    agent_per_hour: OptionalCount = 300
    conversation_per_hour: OptionalCount = 20
    second_person: bool = False  # nobody releases a held message of their own

    @property
    def caps(self) -> Caps:
        return Caps(
            answered_minutes=self.answered_minutes,
            agent_per_hour=self.agent_per_hour,
            conversation_per_hour=self.conversation_per_hour,
        )


class Dossier(Struct, frozen=True, forbid_unknown_fields=True):
    """What a dossier must hold before it may be closed: ``note``, ``evidence``, ``answers``, ``tag:refunded|replaced``.

    ``refund_needs`` is the same for the tag ``refund``, which says that money goes back.
    """

    close_needs: tuple[str, ...] = ()
    refund_needs: tuple[str, ...] = ()


class Authority(Struct, frozen=True, forbid_unknown_fields=True):
    """One time-stamp authority (RFC 3161); its certificates stand in PEM files."""

    name: str
    url: str
    certificate: str  # the authority's own, the only one whose time-stamps count
    roots: str
    policy: str = ""  # the one that its time-stamps must be of, as numbers with dots
    timeout_s: Seconds = 10.0


class Timestamps(Struct, frozen=True, forbid_unknown_fields=True):
    """Who says when the log was this long: asked while it grows, and for each evidence pack."""

    every_minutes: OptionalMinutes = 10.0  # 0: only for packs, and by ``docket stamp``
    clock_s: OptionalSeconds = (
        60.0  # so far an authority's time may be from ours before people are told; 0: never
    )
    authority: tuple[Authority, ...] = ()


class Report(Struct, frozen=True, forbid_unknown_fields=True):
    """What a report of an order may cost, and how large a buyer's copy may be."""

    messages_max: Count = 500
    seconds: Seconds = 300.0
    memory_bytes: Bytes = 2 * 1024**3
    originals_bytes_max: Bytes = 40 * 1024**2  # of all originals that are embedded
    buyer_bytes_max: Bytes = 10_000_000


class Work(Struct, frozen=True, forbid_unknown_fields=True):
    readers: OptionalCount = 0  # child processes that parse mail; 0 is one per core
    reader_seconds: Seconds = 30.0
    reader_memory_bytes: Bytes = 2 * 1024**3
    attachment_text: bool = True
    barcodes: bool = True
    attachment_seconds: Seconds = 10.0
    attachment_memory_bytes: Bytes = 1024**3
    senders: Count = 16  # messages on their way out at the same time
    connections: Count = 4  # of them, to one server
    retry_minutes: Annotated[tuple[Minutes, ...], Meta(min_length=1)] = (1, 5, 15, 30, 60)
    give_up_hours: Hours = 24.0  # up to 120: RFC 5321 section 4.5.4.1
    warn_hours: OptionalHours = 1.0  # how long an answer waits before its writer is told; 0: never


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Every setting of one installation."""

    data: Text = "docket-data"
    hostname: Text = "localhost"
    zone: str = "UTC"
    origin: str = ""  # the log's name, fixed at ``docket init``; default: docket/HOSTNAME
    trusted_peers: tuple[str, ...] = ()
    alerts: tuple[
        str, ...
    ] = ()  # who is told when mail could not be delivered; default: the mailbox's own readers
    rules: str = ""
    marketplaces: str = ""
    log_format: Literal["text", "json"] = "text"
    mailbox: tuple[Mailbox, ...] = ()
    listen: Listeners = field(default_factory=Listeners)
    tls: Tls = field(default_factory=Tls)
    limits: Limits = field(default_factory=Limits)
    web: Web = field(default_factory=Web)
    api: Api = field(default_factory=Api)
    hook: tuple[Hook, ...] = ()
    parcel_source: tuple[ParcelSource, ...] = ()
    clients: Clients = field(default_factory=Clients)
    index: Index = field(default_factory=Index)
    database: Databases = field(default_factory=Databases)
    authenticity: Authenticity = field(default_factory=Authenticity)
    work: Work = field(default_factory=Work)
    policy: PolicyTable = field(default_factory=dict)
    drop: Drop = field(default_factory=Drop)
    acts: Acts = field(default_factory=Acts)
    sending: Sending = field(default_factory=Sending)
    dossier: Dossier = field(default_factory=Dossier)
    erasure: Erasure = field(default_factory=Erasure)
    retention: Retention = field(default_factory=Retention)
    clocks: Clocks = field(default_factory=Clocks)
    timestamps: Timestamps = field(default_factory=Timestamps)
    report: Report = field(default_factory=Report)
    witness: Witness = field(default_factory=Witness)
    keys: Keys = field(default_factory=Keys)

    @property
    def folder(self) -> Path:
        return Path(self.data)

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets"

    @property
    def outside(self) -> Path | None:
        """Return the folder where the log's last head is kept, None where none is."""
        return None if self.witness.head == "off" else Path(self.witness.head or default_head())

    @property
    def web_url(self) -> str:
        """Return where people read messages, without a slash at its end; empty where there is no web view."""
        listen = f"http://{self.listen.web}" if self.listen.web else ""
        return (self.web.url or listen).rstrip("/")

    def url(self, name: Literal["archive", "keys", "accounts", "store"]) -> str:
        """Return a database's SQLAlchemy URL."""
        return getattr(self.database, name) or f"sqlite:///{self.folder.resolve() / (name + '.db')}"
