"""A server's answer: its code and lines as they came, and what can be read from them."""

import re
from dataclasses import dataclass

_QUEUE_IDS = (
    re.compile(r"\bqueued as ([\w.:+/=-]+)", re.IGNORECASE),  # Postfix, Haraka
    re.compile(r"\bInternalId=(\w+)"),  # Exchange
    re.compile(r"\bid=([\w.-]+)"),  # Exim
    re.compile(r"\bArchived (\d+)"),  # Docket
    re.compile(r"\bqp (\d+)"),  # qmail
    re.compile(r"\b(\S+) (?:- gsmtp$|Message accepted for delivery|Saved$)"),  # Gmail, sendmail, Dovecot
    re.compile(r"^250 Ok ([0-9a-z][0-9a-z-]{20,})$", re.IGNORECASE),  # Amazon SES
)
_ENHANCED = re.compile(r"^\d{3} ([245]\.\d{1,3}\.\d{1,3})\b")


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. ``lines`` are verbatim without their line ends; control characters are written as escapes."""

    code: int
    lines: tuple[str, ...]

    @property
    def final(self) -> str:
        return self.lines[-1]

    @property
    def whole(self) -> str:
        """The answer on one line: the code once, then every line's text."""
        words = " ".join(filter(None, (line[4:].strip() for line in self.lines)))
        return f"{self.code} {words}".strip()

    @property
    def accepts(self) -> bool:
        return 200 <= self.code < 300

    @property
    def refuses(self) -> bool:
        return 500 <= self.code < 600


def readable(line: bytes) -> str:
    """Return what a server wrote as text that is safe in logs, headers and pages."""
    text = line.decode("utf-8", "backslashreplace")
    return "".join(ch if ch.isprintable() else ch.encode("unicode_escape").decode("ascii") for ch in text)


def one_line(text: object) -> str:
    """Return a text as one line of printable characters, safe in a header and in a list."""
    return " ".join("".join(ch if ch.isprintable() else " " for ch in str(text)).split())


def queue_id(line: str) -> str:
    """Return the queue ID that a final reply line names, or an empty string.

    >>> queue_id("250 2.0.0 Ok: queued as 4Rb1x23Kz9z1c")
    '4Rb1x23Kz9z1c'
    """
    found = (pattern.search(line) for pattern in _QUEUE_IDS)
    return next((match.group(1) for match in found if match), "")


def enhanced_status(reply: str) -> str:
    """Return the enhanced status of a reply (RFC 3463), or the plainest one of its class when it has none."""
    match = _ENHANCED.match(reply)
    if match:
        return match.group(1)
    return f"{reply[0]}.0.0" if reply[:1] in {"2", "4", "5"} else "4.0.0"


_OURS = re.compile(r"^\d{3} \d\.\d+\.\d+ Docket: ")


def own_words(status: str, words: str) -> str:
    """Return a reply line that Docket says itself, where no server said one; ``status`` is of RFC 3463."""
    code = {"2": "250", "4": "451", "5": "554"}[status[0]]
    return f"{code} {status} Docket: {words}"


def is_ours(reply: str) -> bool:
    """Tell whether a reply line was said by Docket rather than by a server."""
    return _OURS.match(reply) is not None
