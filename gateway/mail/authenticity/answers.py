"""DNS answers as values: what was asked, what came back, and a lookup that answers from what was recorded."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["TXT", "A", "AAAA", "MX", "PTR", "SRV"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer. ``rcode`` is DNS's own word, or ``TIMEOUT``; no records with ``NOERROR`` means none of that type.

    ``records`` are texts: TXT strings joined, one character a byte; addresses; ``10 mx.example`` for MX; names for PTR;
    ``0 1 993 mail.example`` for SRV.
    """

    name: str
    type: Kind
    rcode: str = "NOERROR"
    records: tuple[str, ...] = ()
    ttl: int = 0

    @property
    def failed(self) -> bool:
        """Tell whether this is no answer, so that asking again may give another."""
        return self.rcode not in {"NOERROR", "NXDOMAIN"}


Lookup = Callable[[str, Kind], Answer]


def recorded(answers: Iterable[Answer]) -> Lookup:
    """Return a lookup over recorded answers; what was never asked has no answer."""
    known = {(answer.name, answer.type): answer for answer in answers}

    def look(name: str, kind: Kind) -> Answer:
        name = normal(name)
        return known.get((name, kind)) or Answer(name=name, type=kind, rcode="TIMEOUT")

    return look


def normal(name: str) -> str:
    """Return a name as answers are kept under it.

    >>> normal("Mail.Example.")
    'mail.example'
    """
    return name.rstrip(".").lower()
