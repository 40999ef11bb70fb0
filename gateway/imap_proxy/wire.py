"""What passes on an IMAP connection, one way, as events: text and literals, wherever the network cut the bytes. No I/O."""

import re
from dataclasses import dataclass

# RFC 9051 section 4.3: {n}, with a plus for one that is sent unasked (RFC 7888), after a tilde for one that may hold NUL.
MARKER = re.compile(rb"\{([0-9]{1,19})(\+?)\}")
# RFC 9051 section 7.1: text for people, which may end in braces that announce nothing. So may what follows a plus.
STATUS = re.compile(rb"\+|[^ ]+ (?:OK|NO|BAD|BYE|PREAUTH)(?: |\Z)", re.IGNORECASE)
# A message as most servers send one, up to the octets of its only literal.
_WHOLE = re.compile(rb"\* [0-9]+ FETCH \([^\r\n{}]*\{([0-9]{1,15})\}\r\n")
# The longest marker is 22 bytes. This much of a line's beginning is remembered for one that was cut.
TAIL = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """A literal that a text announces, of ``size`` octets; ``waits`` when its sender holds it back until asked with a plus."""

    size: int
    waits: bool
    binary: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A line with its end as it came, or the piece of a line that is too long to be held (then not ``ends``).

    A ``literal`` follows at once, and the same command or response goes on after it.
    """

    data: bytes
    begins: bool = True  # a command or a response, rather than going on with one
    ends: bool = True
    literal: Literal | None = None

    @property
    def line(self) -> bytes:
        return line_of(self.data) if self.ends else self.data

    @property
    def unmarked(self) -> bytes:
        """The line without the marker of its literal."""
        return self.line if self.literal is None else self.line[: self.line.rindex(b"{")].removesuffix(b"~")

    @property
    def waiting(self) -> bytes:
        """The line with its literal as one that waits."""
        return self.line if self.literal is None or self.literal.waits else self.line[:-2] + b"}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Octets:
    """Some octets of the literal that was announced last: never more than have come, and ``left`` are still to come."""

    data: bytes
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What makes the stream unreadable, in words for its sender. It is the last event."""

    reason: str


Event = Text | Octets | Fault


class Wire:
    """Hold received bytes until they make an event: at most ``line_limit`` of them, beside what was received last.

    What a client sends is held to the standard, because a server that reads a line in another way than we do would
    carry out what we have not seen. What a server sends is passed on, and so is only taken apart.
    """

    def __init__(self, *, from_client: bool, line_limit: int = 65536) -> None:
        self._from_client = from_client
        self._line_limit = line_limit
        self._held = b""  # as it came wherever it can be, so that what is passed on whole is not copied
        self._at = 0  # what stands before it is taken
        self._searched = 0  # no line end stands before this place
        self._left = 0  # octets of a literal that are still to come
        self._tail = b""  # the end of the piece before, while a long line goes on
        self._begins = True  # the next text begins a command or a response
        self._status = False  # this response is text for people
        self._broken = False

    @property
    def is_between(self) -> bool:
        """Whether what was taken so far ends with a whole command or response."""
        return self._begins and not self._left and not self._tail

    def lengthen(self, line_limit: int = 65536) -> None:
        """Take longer lines from here on: those of a login are short."""
        self._line_limit = line_limit

    @property
    def holds(self) -> int:
        """How many received bytes are not taken yet."""
        return len(self._held) - self._at

    def receive(self, data: bytes) -> None:
        self._held = self._held[self._at :] + data if self.holds else data
        self._searched = max(self._searched - self._at, 0)
        self._at = 0

    def next_event(self) -> Event | None:
        """Take the next event; None when more bytes are needed, and always after a Fault."""
        if self._broken:
            return None
        if self._left:
            return self._octets()
        end = self._held.find(b"\n", max(self._searched, self._at), self._at + self._line_limit)
        if end >= 0:
            return self._line(self._take(end + 1 - self._at))
        if self.holds < self._line_limit:
            self._held, self._at = self._held[self._at :], 0  # what is taken is not kept while a client idles
            self._searched = len(self._held)
            return None
        if self._from_client:
            return self._fault(f"a line may have {self._line_limit} bytes")
        return self._piece(self._take(self._line_limit))

    def skim(self) -> bytes:
        """Take, all at once, what a server sends of messages (RFC 9051 section 7.5): nothing in it answers a command."""
        held, place, left, begins = self._held, self._at, self._left, self._begins
        if self._tail or (self._status and not begins):
            return b""  # a long line goes on
        while place < len(held):
            if left:
                step = min(left, len(held) - place)
                place, left = place + step, left - step
                continue
            found = _WHOLE.match(held, place) if begins else None
            after = found.end() + int(found[1]) if found else 0
            if after and held.startswith(b")\r\n", after):
                place = after + 3
                continue
            if begins and not (held.startswith(b"* ", place) and held[place + 2 : place + 3].isdigit()):
                break
            end = held.find(b"\n", place)
            if end < 0:
                break
            literal = None
            if held.endswith((b"}\r\n", b"}\n"), place, end + 1):
                literal = literal_after(line_of(held[place : end + 1]))
            left, begins, place = literal.size if literal else 0, literal is None, end + 1
        self._left, self._begins, self._status = left, begins, False
        return self._take(place - self._at)

    def refuse(self) -> None:
        """Forget the literal announced last, which the other side will not have: its sender begins a new command.

        For one that waits. The octets of one that does not wait come all the same.
        """
        self._left = 0
        self._begins = True

    def _octets(self) -> Octets | None:
        if not self.holds:
            return None
        data = self._take(min(self._left, self.holds))
        self._left -= len(data)
        return Octets(data=data, left=self._left)

    def _line(self, data: bytes) -> Text | Fault:
        line = line_of(data)
        if self._from_client and (wrong := wrong_with(line)):
            return self._fault(wrong)
        self._notice_status(line)
        literal = None if self._status else literal_after(line_of(self._tail + data))
        self._tail = b""
        self._left = literal.size if literal else 0
        begins, self._begins = self._begins, literal is None
        return Text(data=data, begins=begins, literal=literal)

    def _piece(self, data: bytes) -> Text:
        self._notice_status(data)
        self._tail = (self._tail + data)[-TAIL:]
        begins, self._begins = self._begins, False
        return Text(data=data, begins=begins, ends=False)

    def _notice_status(self, line: bytes) -> None:
        if self._begins:
            self._status = not self._from_client and STATUS.match(line) is not None

    def _take(self, size: int) -> bytes:
        data = self._held[self._at : self._at + size]
        self._at += size
        if not self.holds:
            self._held, self._at, self._searched = b"", 0, 0  # not kept while a client idles
        return data

    def _fault(self, reason: str) -> Fault:
        self._broken = True
        self._held, self._at = b"", 0
        return Fault(reason=reason)


def line_of(data: bytes) -> bytes:
    """What stands in a line before its end: CR LF, or the bare LF that many servers take for one."""
    return data.removesuffix(b"\n").removesuffix(b"\r")


def literal_after(line: bytes) -> Literal | None:
    """The literal that a line announces with its last characters."""
    start = line.rfind(b"{")
    found = MARKER.fullmatch(line, start) if start >= 0 else None
    if found is None:
        return None
    return Literal(size=int(found[1]), waits=not found[2], binary=line[:start].endswith(b"~"))


def wrong_with(line: bytes) -> str | None:
    """What in a client's line servers read in different ways: each of these has hidden a command from one who looked on."""
    if b"\0" in line:
        return "a NUL may stand in a binary literal only"
    if b"\r" in line:
        return "a carriage return may stand before a line feed only"
    # An atom may end in a brace; it cannot begin with one.
    if line.rstrip().endswith(b"}") and b"{" in line and literal_after(line) is None:
        return "what ends in a brace must announce a literal, as in {12}"
    return None
