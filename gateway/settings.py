"""The settings file, read: its text checked, every fault with its place and what to write instead."""

import os
import re
import tomllib
from pathlib import Path
from typing import TypeVar

import msgspec

from gateway.clients.services import server_of
from gateway.config import PLAIN, Config, Listeners, Mailbox, Sso, Tls
from gateway.door.address import is_safe, split_address
from gateway.dossier.closing import is_need
from gateway.errors import WrongUse
from gateway.programs import Hook, ParcelSource, fault_of_program
from gateway.servers import Capture, Imap, Reached, fault_of, fault_of_imap, fault_of_views
from gateway.timetable import fault_in
from rules.deadlines import is_zone
from rules.errors import BookError
from rules.faults import explained
from rules.weights import settings_of

_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?")
Captured = TypeVar("Captured", Capture, Imap)
Program = TypeVar("Program", Hook, ParcelSource)


def parse_config(text: str, *, where: str = "the settings", below: Path | None = None) -> Config:
    """Return the settings a TOML text holds; relative paths in it start at the folder ``below``.

    Raises WrongUse that names the setting, what is wrong with it and, for a typing slip, its line.
    """
    try:
        config = msgspec.convert(tomllib.loads(text), Config)
    except (tomllib.TOMLDecodeError, RecursionError) as wrong:
        raise WrongUse(f"{where}: not valid TOML: {wrong}") from wrong
    except msgspec.ValidationError as wrong:
        said = explained(where, text, wrong, Config)
        raise WrongUse(f"{said} (config.example.toml shows every setting)") from wrong
    if not is_zone(config.zone):
        raise WrongUse(f"{where}: zone = {config.zone!r} is no time zone; write one such as Europe/Paris")
    _check_addresses(config.listen, where)
    if fault := _fault_of_sso(config.web.sso):
        raise WrongUse(f"{where}: web.sso: {fault}")
    for what, url in (("imap", config.clients.imap), ("smtp", config.clients.smtp)):
        try:
            _ = server_of(url, what) if url else None
        except WrongUse as wrong:
            raise WrongUse(f"{where}: clients.{what}: {wrong}") from wrong
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
        if fault := _fault_of_dkim(mailbox):
            raise WrongUse(f"{where}: mailbox {mailbox.address}, dkim: {fault}")
        if fault := fault_of_imap(mailbox.imap):
            raise WrongUse(f"{where}: mailbox {mailbox.address}, imap: {fault}")
        if fault := fault_of_views(mailbox.views, mailbox.imap, mailbox.capture):
            raise WrongUse(f"{where}: mailbox {mailbox.address}, views: {fault}")
        for one in mailbox.capture:
            if fault := fault_of(one, mailbox.deliver, accounts):
                raise WrongUse(f"{where}: mailbox {mailbox.address}, capture of {one.account}: {fault}")
            accounts.append(one.account)
    if config.drop.address and not 0 < config.drop.address.find("@") < len(config.drop.address) - 1:
        raise WrongUse(f"{where}: drop.address = {config.drop.address!r} is no e-mail address")
    if "+" in config.drop.address:
        raise WrongUse(f"{where}: drop.address has a + in it; write it without: order@brand.example")
    if fault := _fault_of_acts(config):
        raise WrongUse(f"{where}: acts.domain = {config.acts.domain!r} {fault}")
    names = [one.name for one in config.timestamps.authority]
    if strange := [name for name in names if not PLAIN.fullmatch(name) or names.count(name) > 1]:
        raise WrongUse(
            f"{where}: timestamps: {strange[0]!r} cannot name an authority: a-z, 0-9 and -, each name once"
        )
    names_seen: set[str] = set()
    programs: tuple[Hook | ParcelSource, ...] = (*config.hook, *config.parcel_source)
    for program in programs:
        if fault := fault_of_program(program, names_seen):
            raise WrongUse(f"{where}: hook or parcel_source: {fault}")
    if strange := [each for each in config.witness.mail if "@" not in each]:
        raise WrongUse(f"{where}: witness.mail names {strange[0]!r}, which has no @")
    if (box := config.witness.mailbox) and box.lower() not in seen:
        raise WrongUse(f"{where}: witness.mailbox = {box!r} is no mailbox of these settings")
    if fault := config.keys.fault:
        raise WrongUse(f"{where}: keys: {fault}")
    config = _from(below, config) if below is not None else config
    for place in (config.witness.head, *config.witness.folders):
        if place not in {"", "off"} and Path(place).resolve().is_relative_to(config.folder.resolve()):
            raise WrongUse(
                f"{where}: witness: {place} lies in the data folder, whose copies would hold it too"
            )
    return config


def _fault_of_sso(sso: Sso) -> str:
    """Say what is wrong with the company's login: a provider that is asked in the clear can be anybody."""
    if not sso.issuer:
        return "only = true needs an issuer; else nobody could log in" if sso.only else ""
    if not is_safe(sso.issuer):
        return f"issuer = {sso.issuer!r} is no https:// address"
    if not (sso.client_id and sso.client_secret_file and sso.claim):
        return "name client_id, client_secret_file and claim"
    return ""


def _fault_of_acts(config: Config) -> str:
    """Say why a domain cannot be Docket's own: an address that is somebody's would be taken for one of Docket's."""
    domain = config.acts.domain.lower()
    if domain and not _DOMAIN.fullmatch(domain):
        return "is no domain; write one such as docket.local"
    theirs = (address for box in config.mailbox for address in (box.address, *box.aliases, box.sender))
    taken = next((one for one in (*theirs, config.drop.address) if one.lower().endswith(f"@{domain}")), "")
    return f"is the domain of {taken} too; write one that has no other addresses" if domain and taken else ""


def _fault_of_dkim(box: Mailbox) -> str:
    """Say what is wrong with a mailbox's signing: a signature of another domain proves nothing (RFC 7489 section 3.1.1)."""
    if not (box.dkim.key_file or box.dkim.selector):
        return ""
    if not (box.dkim.key_file and _DOMAIN.fullmatch(box.dkim.selector)):
        return "name both: selector (letters, digits and -, as in DNS) and key_file"
    theirs = box.sender.rpartition("@")[2].lower()
    if theirs != box.signing_domain and not theirs.endswith(f".{box.signing_domain}"):
        return f"domain = {box.dkim.domain!r} is not that of {box.sender}, which answers leave from"
    return ""


def _check_addresses(listen: Listeners, where: str) -> None:
    for name in ("smtp", "lmtp", "submission", "submissions", "imap", "imaps"):
        for address in getattr(listen, name):
            _check_address(address, f"{where}: listen.{name}")
    if listen.web:
        _check_address(listen.web, f"{where}: listen.web")


def _check_address(address: str, where: str) -> None:
    if address.startswith("unix:"):
        return
    try:
        split_address(address)
    except WrongUse as wrong:
        raise WrongUse(f"{where}: {wrong}") from wrong


def _from(below: Path, config: Config) -> Config:
    """Make the file settings absolute, so that a command means the same from every folder."""

    def path(value: str) -> str:
        return str(below / os.path.expanduser(value)) if value else value  # noqa: PTH111 - a string stays a string

    def server(value: Reached) -> Reached:
        return msgspec.structs.replace(
            value, ca_file=path(value.ca_file), password_file=path(value.password_file)
        )

    def account(value: Captured) -> Captured:
        secret = path(value.oauth.client_secret_file)
        return msgspec.structs.replace(
            server(value), oauth=msgspec.structs.replace(value.oauth, client_secret_file=secret)
        )

    def mailbox(box: Mailbox) -> Mailbox:
        return msgspec.structs.replace(
            box,
            dkim=msgspec.structs.replace(box.dkim, key_file=path(box.dkim.key_file)),
            deliver=server(box.deliver),
            relay=server(box.relay),
            imap=account(box.imap),
            capture=tuple(map(account, box.capture)),
        )

    def program(value: Program) -> Program:
        return msgspec.structs.replace(value, secret_file=path(value.secret_file))

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
        witness=msgspec.structs.replace(
            config.witness,
            head=config.witness.head if config.witness.head == "off" else path(config.witness.head),
            folders=tuple(map(path, config.witness.folders)),
        ),
        web=msgspec.structs.replace(
            config.web,
            sso=msgspec.structs.replace(
                config.web.sso, client_secret_file=path(config.web.sso.client_secret_file)
            ),
        ),
        keys=msgspec.structs.replace(config.keys, file=path(config.keys.file)),
        tls=Tls(certificate=path(config.tls.certificate), key=path(config.tls.key)),
        mailbox=tuple(map(mailbox, config.mailbox)),
        hook=tuple(map(program, config.hook)),
        parcel_source=tuple(map(program, config.parcel_source)),
    )


def load_config(path: Path) -> Config:
    """Read the settings file; raises WrongUse when it is missing, unreadable or wrong."""
    try:
        text = path.read_text(encoding="utf-8-sig")  # some editors begin a file with a byte order mark
    except FileNotFoundError as missing:
        raise WrongUse(f"no settings at {path}; run: docket init") from missing
    except UnicodeDecodeError as wrong:
        raise WrongUse(f"{path} cannot be read: byte {wrong.start} is no UTF-8; save it as UTF-8") from wrong
    except OSError as unreadable:
        raise WrongUse(f"{path} cannot be read: {unreadable.strerror}") from unreadable
    return parse_config(text, where=str(path), below=path.resolve().parent)
