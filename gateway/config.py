"""The settings, as they stand in one TOML file; ``config.example.toml`` shows every one with a comment.

Only ``app`` and ``cli`` read this module: every component takes plain values.
"""

import os
import re
import tomllib
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct, field

from gateway.dossier.closing import is_need
from gateway.errors import WrongUse
from gateway.ingest.limits import Limits
from gateway.servers import Capture, Reached, Server, fault_of
from gateway.timetable import Clocks, fault_in
from rules.deadlines import is_zone
from rules.errors import BookError
from rules.weights import settings_of

Weight = Literal["refuse", "hold", "warn", "off"]
PolicyTable = dict[str, Weight | tuple[str, ...] | dict[str, Weight]]
_PLAIN = re.compile(r"[a-z0-9-]{1,40}")


class Mailbox(Struct, frozen=True, forbid_unknown_fields=True):
    """One support address: who reads it, where its mail is delivered and how its answers leave."""

    address: str
    aliases: tuple[str, ...] = ()
    name: str = ""  # the display name buyers see
    approved_sender: str = ""  # the address the marketplace accepts mail from; default: ``address``
    deliver: Server = field(default_factory=Server)
    relay: Server = field(default_factory=Server)
    capture: tuple[Capture, ...] = ()
    policy: PolicyTable = field(default_factory=dict)  # goes before the policy for all mailboxes

    @property
    def sender(self) -> str:
        return self.approved_sender or self.address


class Listeners(Struct, frozen=True, forbid_unknown_fields=True):
    """Where Docket listens; each is ``ADDRESS:PORT``, and ``unix:/path`` for LMTP. An empty list is off."""

    smtp: tuple[str, ...] = ("127.0.0.1:2525",)
    lmtp: tuple[str, ...] = ()
    submission: tuple[str, ...] = ("127.0.0.1:5587",)
    submissions: tuple[str, ...] = ("127.0.0.1:5465",)
    web: str = "127.0.0.1:8025"


class Tls(Struct, frozen=True, forbid_unknown_fields=True):
    """The certificate that agents' mail clients see, both in PEM files."""

    certificate: str = ""
    key: str = ""


class Web(Struct, frozen=True, forbid_unknown_fields=True):
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost")
    secure_cookie: bool = False
    session_hours: float = 12.0
    url: str = ""  # where people reach it, for the links in notices; default: the address it listens on


class Index(Struct, frozen=True, forbid_unknown_fields=True):
    engine: str = "auto"


class Authenticity(Struct, frozen=True, forbid_unknown_fields=True):
    """Who is asked, and who is believed, about who sent a message."""

    dns: Literal["system", "off"] | tuple[str, ...] = "system"  # name servers as ``HOST:PORT``
    timeout_s: float = 10.0  # for all questions about one message
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
    timeout_s: float = 10.0


class Timestamps(Struct, frozen=True, forbid_unknown_fields=True):
    """Who says when the log was this long: asked while it grows, and for each evidence pack."""

    every_minutes: float = 10.0  # 0: only for packs, and by ``docket stamp``
    authority: tuple[Authority, ...] = ()


class Work(Struct, frozen=True, forbid_unknown_fields=True):
    readers: int = 0  # child processes that parse mail; 0 is one per core
    reader_seconds: float = 30.0
    reader_memory_bytes: int = 2 * 1024**3
    attachment_text: bool = True
    barcodes: bool = True
    attachment_seconds: float = 10.0
    attachment_memory_bytes: int = 1024**3
    senders: int = 8  # messages on their way out at the same time
    retry_minutes: tuple[float, ...] = (1, 5, 15, 30, 60)
    give_up_hours: float = 24.0


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Every setting of one installation."""

    data: str = "docket-data"
    hostname: str = "localhost"
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
    index: Index = field(default_factory=Index)
    database: Databases = field(default_factory=Databases)
    authenticity: Authenticity = field(default_factory=Authenticity)
    work: Work = field(default_factory=Work)
    policy: PolicyTable = field(default_factory=dict)
    drop: Drop = field(default_factory=Drop)
    dossier: Dossier = field(default_factory=Dossier)
    clocks: Clocks = field(default_factory=Clocks)
    timestamps: Timestamps = field(default_factory=Timestamps)

    @property
    def folder(self) -> Path:
        return Path(self.data)

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets"

    @property
    def web_url(self) -> str:
        """Return where people read messages, without a slash at its end; empty where there is no web view."""
        listen = f"http://{self.listen.web}" if self.listen.web else ""
        return (self.web.url or listen).rstrip("/")

    def url(self, name: Literal["archive", "keys", "accounts", "store"]) -> str:
        """Return a database's SQLAlchemy URL."""
        return getattr(self.database, name) or f"sqlite:///{self.folder.resolve() / (name + '.db')}"


def parse_config(text: str, *, where: str = "the settings", below: Path | None = None) -> Config:
    """Return the settings a TOML text holds; relative paths in it start at the folder ``below``.

    Raises WrongUse that names the setting, what is wrong with it and, for a typing slip, its line.
    """
    try:
        config = msgspec.convert(tomllib.loads(text), Config)
    except (tomllib.TOMLDecodeError, RecursionError) as wrong:
        raise WrongUse(f"{where}: not valid TOML: {wrong}") from wrong
    except msgspec.ValidationError as wrong:
        raise WrongUse(f"{where}: {wrong} (config.example.toml shows every setting)") from wrong
    if not is_zone(config.zone):
        raise WrongUse(f"{where}: zone = {config.zone!r} is no time zone; write one such as Europe/Paris")
    needs = (*config.dossier.close_needs, *config.dossier.refund_needs)
    if strange := [need for need in needs if not is_need(need)]:
        raise WrongUse(
            f'{where}: dossier: {strange[0]!r} is none of "note", "evidence", "answers", "tag:NAME|NAME"'
        )
    if fault := fault_in(config.clocks):
        raise WrongUse(f"{where}: {fault}")
    if wrong_ones := [address for address in config.alerts if "@" not in address]:
        raise WrongUse(f"{where}: alerts names {wrong_ones[0]!r}, which has no @")
    try:
        settings_of(config.policy, where=f"{where}, policy")
        for mailbox in config.mailbox:
            settings_of(mailbox.policy, where=f"{where}, mailbox {mailbox.address}, policy")
    except BookError as wrong:
        raise WrongUse(str(wrong)) from wrong
    seen: set[str] = set()
    for mailbox in config.mailbox:
        for address in (mailbox.address, *mailbox.aliases):
            if "@" not in address:
                raise WrongUse(f"{where}: mailbox address {address!r} has no @")
            if address.lower() in seen:
                raise WrongUse(f"{where}: two mailboxes claim {address}")
            seen.add(address.lower())
    accounts: list[str] = []
    for mailbox in config.mailbox:
        for one in mailbox.capture:
            if fault := fault_of(one, mailbox.deliver, accounts):
                raise WrongUse(f"{where}: mailbox {mailbox.address}, capture of {one.account}: {fault}")
            accounts.append(one.account)
    if config.drop.address and not 0 < config.drop.address.find("@") < len(config.drop.address) - 1:
        raise WrongUse(f"{where}: drop.address = {config.drop.address!r} is no e-mail address")
    if "+" in config.drop.address:
        raise WrongUse(f"{where}: drop.address has a + in it; write it without: order@brand.example")
    names = [one.name for one in config.timestamps.authority]
    if strange := [name for name in names if not _PLAIN.fullmatch(name) or names.count(name) > 1]:
        raise WrongUse(
            f"{where}: timestamps: {strange[0]!r} cannot name an authority: a-z, 0-9 and -, each name once"
        )
    return _from(below, config) if below is not None else config


def _from(below: Path, config: Config) -> Config:
    """Make the file settings absolute, so that a command means the same from every folder."""

    def path(value: str) -> str:
        return str(below / os.path.expanduser(value)) if value else value  # noqa: PTH111 - a string stays a string

    def server(value: Reached) -> Reached:
        return msgspec.structs.replace(
            value, ca_file=path(value.ca_file), password_file=path(value.password_file)
        )

    def captured(value: Capture) -> Capture:
        secret = path(value.oauth.client_secret_file)
        return msgspec.structs.replace(
            server(value), oauth=msgspec.structs.replace(value.oauth, client_secret_file=secret)
        )

    def mailbox(box: Mailbox) -> Mailbox:
        return msgspec.structs.replace(
            box,
            deliver=server(box.deliver),
            relay=server(box.relay),
            capture=tuple(map(captured, box.capture)),
        )

    return msgspec.structs.replace(
        config,
        data=path(config.data),
        rules=path(config.rules),
        marketplaces=path(config.marketplaces),
        timestamps=msgspec.structs.replace(
            config.timestamps,
            authority=tuple(
                msgspec.structs.replace(one, certificate=path(one.certificate), roots=path(one.roots))
                for one in config.timestamps.authority
            ),
        ),
        tls=Tls(certificate=path(config.tls.certificate), key=path(config.tls.key)),
        mailbox=tuple(map(mailbox, config.mailbox)),
    )


def load_config(path: Path) -> Config:
    """Read the settings file; raises WrongUse when it is missing, unreadable or wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as missing:
        raise WrongUse(f"no settings at {path}; run: docket init") from missing
    except (OSError, UnicodeDecodeError) as unreadable:
        raise WrongUse(f"{path} cannot be read: {unreadable}") from unreadable
    return parse_config(text, where=str(path), below=path.resolve().parent)
