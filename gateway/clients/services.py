"""Where an agent's mail client reads and sends: plain values, from which each client's own file is written."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from gateway.errors import WrongUse

# Scheme, what it serves, TLS from the first byte, usual port (RFC 8314).
_SCHEMES = {
    "imaps": ("imap", True, 993),
    "imap": ("imap", False, 143),
    "smtps": ("smtp", True, 465),
    "smtp": ("smtp", False, 587),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One server. ``implicit`` is TLS from the first byte, else STARTTLS: a password never goes in the clear."""

    host: str
    port: int
    implicit: bool

    @property
    def security(self) -> str:
        return "SSL/TLS" if self.implicit else "STARTTLS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A support address. ``own`` says that it is read through Docket; else ``imap`` is another's, with its own logins."""

    address: str
    name: str
    imap: tuple[Server, ...]
    own: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What mail clients are told, the best server first. ``web`` is where people reach the web view, if anywhere."""

    boxes: tuple[Box, ...] = ()
    smtp: tuple[Server, ...] = ()
    web: str = ""

    def box_for(self, address: str) -> Box | None:
        """Return the mailbox that an address means: its own, one of its domain, or just the first, alike for everybody."""
        plain = untagged(address)
        domain = plain.rpartition("@")[2]
        ranked = (
            (box for box in self.boxes if box.address.lower() == plain),
            (box for box in self.boxes if box.address.lower().rpartition("@")[2] == domain),
            self.boxes,
        )
        return next((box for boxes in ranked for box in boxes), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One agent's way into one mailbox. ``alone`` says that they are held to no other."""

    name: str
    full_name: str
    box: Box
    smtp: tuple[Server, ...]
    alone: bool = True

    @property
    def typed(self) -> str:
        """The address that an agent types where a client finds the rest by itself: it names both mailbox and agent."""
        local, _, domain = self.box.address.rpartition("@")
        return f"{local}+{self.name}@{domain}" if "@" not in self.name else self.box.address

    @property
    def imap_login(self) -> str:
        if not self.box.own:
            return self.box.address
        return self.name if self.alone else f"{self.name}/{self.box.address}"

    @property
    def shown(self) -> str:
        """The name above what they write; buyers see the mailbox's, whatever stands here."""
        return self.box.name or self.full_name or self.name


def accounts_of(services: Services, name: str, full_name: str, held: tuple[str, ...]) -> tuple[Account, ...]:
    """Return an agent's accounts, one a mailbox; ``held`` names the mailboxes, none means every one."""
    boxes = [box for box in services.boxes if not held or box.address.lower() in held]
    return tuple(
        Account(name=name, full_name=full_name, box=box, smtp=services.smtp, alone=len(boxes) == 1)
        for box in boxes
    )


def untagged(address: str) -> str:
    """Return an address in lower case, without what follows a plus sign.

    >>> untagged("Support+anna@brand.example")
    'support@brand.example'
    """
    local, at, domain = address.strip().lower().rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}"


def server_of(url: str, what: str) -> Server:
    """Return the server in ``imaps://HOST:PORT`` and its like; ``what`` is ``imap`` or ``smtp``. Raises WrongUse."""
    parts = urlsplit(url)
    kind, implicit, usual = _SCHEMES.get(parts.scheme, ("", False, 0))
    try:
        port = parts.port or usual
    except ValueError:
        kind, port = "", 0
    if kind != what or not parts.hostname or parts.path or parts.username is not None:
        raise WrongUse(f"{url!r} is no server; write {what}s://HOST:PORT, or {what}://HOST:PORT for STARTTLS")
    return Server(host=parts.hostname, port=port, implicit=implicit)
