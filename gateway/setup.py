"""``docket init``: the files a new installation consists of."""

import json
import os
import socket
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Self

from gateway.app import App
from gateway.archive.archive import create_archive
from gateway.archive.outside import spot_of
from gateway.clock import SystemClock
from gateway.errors import WrongUse
from gateway.ingest.tls import make_certificate
from gateway.settings import parse_config
from rules.deadlines import is_zone


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a person says when an installation is made."""

    data: Path
    address: str
    name: str
    hostname: str
    zone: str
    relay_host: str = ""
    imap_host: str = ""

    @classmethod
    def default(cls) -> Self:
        host = socket.getfqdn()
        return cls(
            data=Path("docket-data"),
            address=f"support@{host if '.' in host else 'brand.example'}",
            name="Support",
            hostname=host,
            zone="UTC",
        )


def address_fault(answer: str) -> str:
    """Return why an answer is no support address, or nothing."""
    local, _, domain = answer.rpartition("@")
    if local and domain and not any(each.isspace() for each in answer):
        return ""
    return f"{answer!r} is no e-mail address; write one such as support@brand.example"


def zone_fault(answer: str) -> str:
    """Return why an answer is no time zone, or nothing."""
    return "" if is_zone(answer) else f"{answer!r} is no time zone; write one such as Europe/Paris"


def make_installation(answers: Answers, path: Path) -> App:
    """Make what a person's answers describe; raises WrongUse where an installation stands already."""
    data = answers.data.resolve()
    names = (answers.hostname, "localhost", "127.0.0.1")
    return install(_settings(answers, data, (path.parent / "rules.toml").resolve()), path, names=names)


def install(text: str, path: Path, *, names: tuple[str, ...]) -> App:
    """Write settings, rule book, keys, a certificate for ``names``, and an empty archive. Raises WrongUse."""
    try:
        text.encode()
    except UnicodeEncodeError as wrong:  # a name of a folder may be any bytes; settings are UTF-8
        raise WrongUse(f"{str(path)!r}: a name or an answer is not UTF-8; choose another") from wrong
    config = parse_config(text, where=str(path), below=path.resolve().parent)
    if config.secrets.exists():
        raise WrongUse(f"{config.folder} holds an archive already; an installation is made once")
    config.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, text, 0o600)
    rules = Path(config.rules)
    if config.rules and not rules.exists():
        _write(rules, (files("rules") / "example.toml").read_text(encoding="utf-8"), 0o644)
    origin = config.origin or f"docket/{config.hostname}"
    urls = config.url("archive"), config.url("keys")
    if (
        config.outside is not None
    ):  # a head of an archive that stood here once says nothing of the one that is made now
        spot_of(config.outside, config.secrets).unlink(missing_ok=True)
    create_archive(*urls, config.secrets, origin, SystemClock(), keks=config.keys.source)
    make_certificate(config.folder / "tls", names=names, now=SystemClock().now())
    app = App(config=config)
    _ = app.store, app.accounts
    app.index(writer=True).close()
    return app


def _settings(answers: Answers, data: Path, rules: Path) -> str:
    relay = answers.relay_host
    imap = answers.imap_host
    deliver = (
        f'kind = "imap"\nhost = {_quoted(imap)}\nuser = {_quoted(answers.address)}\npassword_file = "imap.password"'
        if imap
        else 'kind = "none"  # "imap", "smtp" or "lmtp": how the agents\' mailbox is reached'
    )
    out = (
        f'kind = "smtp"\nhost = {_quoted(relay)}\nport = 587\nuser = {_quoted(answers.address)}\npassword_file = "relay.password"'
        if relay
        else 'kind = "none"  # "smtp" with host, user and password_file: the server that sends your mail'
    )
    return f"""# Docket's settings. Every one is explained in config.example.toml.
data = {_quoted(data)}
hostname = {_quoted(answers.hostname)}
zone = {_quoted(answers.zone)}
rules = {_quoted(rules)}

[tls]
certificate = {_quoted(data / "tls" / "certificate.pem")}
key = {_quoted(data / "tls" / "key.pem")}

[[mailbox]]
address = {_quoted(answers.address)}
name = {_quoted(answers.name)}

[mailbox.deliver]
{deliver}

[mailbox.relay]
{out}
"""


def _quoted(value: object) -> str:
    """Return a text as TOML writes it: a string of JSON, but DEL is escaped too (TOML 1.0, basic strings)."""
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _write(path: Path, text: str, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
