"""A client's command, read as far as it says what is done to which messages. Pure; whatever cannot be read is said to be so."""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Literal as OneOf

from gateway.mail.uid_sets import is_set

_NAME_MOST = 1024  # octets of a folder's name that are kept
_HEAD_MOST = 65536  # of a message that is appended: its header, for the Message-ID

# RFC 9051, and the extensions that only ask: none of these changes or opens a message.
_QUIET = frozenset(
    b"""CAPABILITY NOOP LOGOUT ID ENABLE NAMESPACE LIST LSUB XLIST STATUS SEARCH SORT THREAD ESEARCH IDLE CHECK UNSELECT SELECT
    EXAMINE GETQUOTA GETQUOTAROOT GETACL LISTRIGHTS MYRIGHTS GETMETADATA GETANNOTATION LANGUAGE COMPARATOR CONVERSIONS""".split()
)
_OPENS = re.compile(
    rb"(?<![A-Z0-9.])(?:BODY(\.PEEK)?\[(?!HEADER|[0-9.]+\.MIME\]|[0-9.]+\.HEADER)|RFC822(\.TEXT)?(?![A-Z0-9.])|BINARY(\.PEEK)?\[)"
)
_PEEKS = re.compile(rb"BODY\.PEEK\[|BINARY\.PEEK\[")
_MESSAGE_ID = re.compile(rb"^message-id:[ \t\r\n]*<([^<>\r\n]{1,998})>", re.IGNORECASE | re.MULTILINE)

_NUMBERED = frozenset(b"FETCH STORE COPY MOVE SEARCH SORT THREAD".split())

Kind = OneOf[
    "quiet",
    "select",
    "leave",
    "fetch",
    "store",
    "copy",
    "move",
    "append",
    "expunge",
    "close",
    "folder",
    "other",
]
_KINDS: dict[bytes, Kind] = {
    b"SELECT": "select",
    b"EXAMINE": "select",
    b"UNSELECT": "leave",
    b"LOGOUT": "leave",
    b"FETCH": "fetch",
    b"STORE": "store",
    b"COPY": "copy",
    b"MOVE": "move",
    b"APPEND": "append",
    b"EXPUNGE": "expunge",
    b"CLOSE": "close",
    b"CREATE": "folder",
    b"DELETE": "folder",
    b"RENAME": "folder",
    b"SUBSCRIBE": "folder",
    b"UNSUBSCRIBE": "folder",
}


@dataclass(slots=True)
class Given:
    """A literal of a command, as it comes: its size and hash, its beginning, and the Message-ID where it is a message."""

    size: int = 0
    head: bytes = b""
    message_id: str = ""
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def take(self, data: bytes) -> None:
        self.size += len(data)
        self.digest.update(data)
        if len(self.head) < _HEAD_MOST:
            self.head += data[: _HEAD_MOST - len(self.head)]

    def close(self) -> None:
        """Read what is to be known of it, and keep no more than a name: one command may bring thousands."""
        end = self.head.find(b"\r\n\r\n")
        found = _MESSAGE_ID.search(self.head[: end if end >= 0 else len(self.head)])
        self.message_id = readable(found[1], 998) if found is not None else ""
        self.head = self.head[:_NAME_MOST]


@dataclass(slots=True)
class Command:
    """One command. ``line`` is its first line without tag and marker; what follows literals is in ``more``."""

    tag: bytes
    line: bytes
    more: list[bytes | Given] = field(default_factory=list)

    @property
    def verb(self) -> bytes:
        return self._words[0]

    @property
    def by_uid(self) -> bool:
        return self.line[:4].upper() == b"UID "

    @property
    def by_number(self) -> bool:
        """Whether message numbers stand in it or in its answer: they must mean to the server what they mean to the client."""
        return not self.by_uid and self.verb in _NUMBERED

    @property
    def kind(self) -> Kind:
        """What it is to the record; a verb that nobody here knows is ``other``, and told as it stands."""
        if self.verb in _QUIET and self.verb not in _KINDS:
            return "quiet"
        if self.verb == b"FETCH" and not _OPENS.search(self._text):
            return "quiet"
        return _KINDS.get(self.verb, "other")

    @property
    def numbers(self) -> bytes:
        """The set of messages it is about; empty where it names none."""
        rest = self._words[1]
        word = rest.partition(b" ")[0]
        return word if is_set(word) else b""

    @property
    def marks_seen(self) -> bool:
        r"""Tell whether fetching sets ``\Seen`` by itself (RFC 9051 section 6.4.5)."""
        text = self._text
        return any(not _PEEKS.match(text, found.start()) for found in _OPENS.finditer(text))

    @property
    def read_only(self) -> bool:
        return self.verb == b"EXAMINE"

    @property
    def flags(self) -> str:
        r"""What STORE does, as it is written: ``+FLAGS (\Seen)``."""
        rest = self._words[1].partition(b" ")[2]
        return readable(re.sub(rb"^\((?:UNCHANGEDSINCE [0-9]+)\) ", b"", rest, flags=re.IGNORECASE))

    @property
    def told(self) -> str:
        """The whole command, as far as lines go: for one that is unknown."""
        return readable(b" ".join([self.line, *(one for one in self.more if isinstance(one, bytes))]))

    def folders(self) -> tuple[str, ...]:
        """Return the folders that stand in it, in their order: of COPY and MOVE the target, of RENAME both."""
        rest = self._words[1]
        if self.kind in {"copy", "move"}:
            rest = rest.partition(b" ")[2]
        names = [_text(one) for one in _strings([rest, *self.more])]
        return tuple(names[: 2 if self.verb == b"RENAME" else 1])

    def messages(self) -> tuple[Given, ...]:
        """Return the messages that an APPEND brings (RFC 3502: several at once)."""
        given = [one for one in self.more if isinstance(one, Given)]
        name_is_one = not self._words[1].strip()
        return tuple(given[1:] if name_is_one else given)

    @property
    def _text(self) -> bytes:
        return b" ".join([self.line, *(one for one in self.more if isinstance(one, bytes))]).upper()

    @property
    def _words(self) -> tuple[bytes, bytes]:
        line = self.line[4:] if self.by_uid else self.line
        verb, _, rest = line.partition(b" ")
        return verb.upper(), rest


def _strings(parts: list[bytes | Given]) -> list[bytes]:
    """Return the strings at the beginning of a command's arguments: atoms, quoted ones and literals."""
    found: list[bytes] = []
    for part in parts:
        if isinstance(part, Given):
            found.append(part.head[:_NAME_MOST])
            continue
        for quoted, atom in re.findall(rb'"((?:[^"\\]|\\.)*)"|([^\s"(){]+)', part):
            found.append(re.sub(rb"\\(.)", rb"\1", quoted) if quoted or not atom else atom)
    return found


def _text(name: bytes) -> str:
    text = name.decode("utf-8", "replace")
    return "INBOX" if text.upper() == "INBOX" else text


def readable(data: bytes, most: int = 300) -> str:
    """Return what somebody's program wrote as a short line for people."""
    text = "".join(one if one.isprintable() else "?" for one in data.decode("utf-8", "replace"))
    return text if len(text) <= most else text[: most - 1] + "…"
