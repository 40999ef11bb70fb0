"""The Transport protocol and its outcomes. An expected failure is a value, never an exception."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The remote took responsibility; ``reply`` is its final line, ``queue_id`` what that line names, if anything."""

    recipients: tuple[str, ...]
    reply: str
    queue_id: str = ""
    remote: str = ""  # host:port
    tls: str = ""  # version, cipher and the peer certificate's SHA-256, "" for a clear connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred:
    """Nothing was taken; trying again may work (4xx, no connection, timeout before the final dot)."""

    recipients: tuple[str, ...]
    reply: str
    remote: str = ""
    tls: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The remote refuses these recipients or this message for good (5xx)."""

    recipients: tuple[str, ...]
    reply: str
    remote: str = ""
    tls: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """The connection was lost after the final dot: it may or may not have been taken (RFC 1047)."""

    recipients: tuple[str, ...]
    reply: str
    remote: str = ""
    tls: str = ""


Outcome = Delivered | Deferred | Refused | Unknown


class Transport(Protocol):
    """One way out. Every recipient is in exactly one of the outcomes returned; nothing is raised for a remote's fault."""

    def send(self, raw: bytes, mail_from: str, recipients: tuple[str, ...]) -> tuple[Outcome, ...]: ...

    def close(self) -> None:
        """Give back what is kept open between messages."""
