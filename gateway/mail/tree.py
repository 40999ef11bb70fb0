"""A message's leaves in order, with their section numbers: mail-parser reads the tree, and is guarded where it must be.

Long bodies are set aside first (``cargo``); what nests too deep or has too many parts is read flat (``flat``).
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser

from mailparser import MailParser

from gateway.mail.cargo import Cargo, lightened
from gateway.mail.content import content_of, encoding_of, payload_of
from gateway.mail.flat import LEAVES_MAX, boundaries_of, delimiters_of, leaves_of
from gateway.mail.regions import Region, body_of, parts_of

_HEADERS_MAX = 5000
_HEADER_BYTES = 4 * 1024 * 1024
_FIELD_BYTES = 1024 * 1024
_NO_FIELD = re.compile(rb"^(?!From |[!-9;-~]*:|[\t ])", re.MULTILINE)
_FIELD_START = re.compile(rb"\n(?![ \t])")
_LINES_MAX = 2_000_000
_WORK_MAX = 10_000_000  # lines times boundaries: the parser tries every open boundary on every line
_REOPENED_MAX = 3  # attached messages in base64, one within another
_MIME_NOTE = re.compile(r"(?is)\s*.{0,200}\bMIME\b.{0,400}")  # "This is a multi-part message in MIME format."
_ATTACHED = re.compile(rb"(?i)^content-type\s*:\s*message/", re.MULTILINE)

Defect = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One leaf. ``content`` is lazy; ``alternative`` names the multipart/alternative it stands in, "" for none."""

    section: str
    part: Message
    alternative: str = ""
    content: Callable[[], tuple[bytes | memoryview, str]]  # the bytes, and what was wrong with them
    message: bool = False  # an attached message; its own leaves follow
    loose: bool = False  # text that stands in no part


class _Mail(MailParser):  # type: ignore[misc]  # the package has no types
    """mail-parser's guarded tree and its list of defects, without the copies and dictionaries nobody asks for.

    Its own walk would encode every attachment as base64 once more, and take apart each Received field (a third of all
    the time there is); texts, addresses and names are read here, from the same tree.
    """

    def parse(self) -> None:
        self._defects: list[dict[str, list[str]]] = []
        self._defects_categories: set[str] = set()
        self._has_defects = False
        for part in self.message.walk():
            if part.defects:
                self._append_defects(part, part.get_content_type())


def tree_of(raw: bytes, sha256: str, defect: Defect) -> tuple[Message, Iterator[Leaf]]:
    """Return the message, for its header, and its leaves; never raises."""
    whole = _mended(raw, defect)
    light, cargo = lightened(whole, sha256)
    reason = _too_much(light)
    if not reason:
        try:
            mail = _Mail.from_bytes(light)
            for place in mail.defects:
                for name in sorted({name for names in place.values() for name in names}):
                    defect(_words(name))
            return mail.message, _Walk(whole, cargo, defect).leaves(mail.message)
        except Exception as wrong:  # a parser's fault must not lose a mail: the flat reader needs none of it
            deep = isinstance(wrong, RecursionError) or "Recursion" in type(wrong).__name__
            reason = "nests too deep" if deep else f"the parser failed ({type(wrong).__name__})"
    defect(f"{reason}; its parts are read one after the other")
    end = re.search(rb"\n\r?\n", light[:_HEADER_BYTES])
    header: Message = BytesHeaderParser().parsebytes(light[: end.end() if end else _HEADER_BYTES])
    return header, (
        Leaf(section=str(number), part=part, content=lambda part=part: content_of(part, cargo))  # type: ignore[misc]
        for number, part in enumerate(leaves_of(light), 1)
    )


def _mended(raw: bytes, defect: Defect) -> bytes:
    """Mend what would make the whole header unreadable, and cut one that is out of all proportion."""
    if raw.startswith(b"\xef\xbb\xbf"):
        raw = raw[3:]
    if raw.startswith((b"From ", b">From ")):
        defect("begins with an mbox postmark line")
        raw = raw[raw.find(b"\n") + 1 :] if b"\n" in raw else raw
    if b"\n" not in raw and b"\r" in raw:
        defect("its lines end with a bare carriage return")
        raw = raw.replace(b"\r", b"\n")
    end = min((at for mark in (b"\r\n\r\n", b"\n\n") if (at := raw.find(mark)) >= 0), default=len(raw))
    if end <= _HEADER_BYTES and raw.count(b"\n", 0, end) <= _HEADERS_MAX:
        return raw
    if no_field := _NO_FIELD.search(raw, 0, end):
        end = no_field.start()  # the parser takes what follows for the body
    fields = _FIELD_START.split(raw[:end], _HEADERS_MAX)
    if end <= _HEADER_BYTES and len(fields) <= _HEADERS_MAX:
        return raw  # few fields on many lines: long lists of recipients
    defect("the header is out of all proportion; only the beginnings of it and of its fields are read")
    header = b"\n".join(one[:_FIELD_BYTES] for one in fields[:_HEADERS_MAX])[:_HEADER_BYTES]
    return header + raw[end:]


def _too_much(light: bytes) -> str:
    """Say why a message is too much for a parser whose work is lines times boundaries and whose parts are objects."""
    lines = light.count(b"\n")
    if lines > _LINES_MAX:
        return "has very many lines"
    if lines < 2000:
        return ""
    boundaries = boundaries_of(light)
    if len(boundaries) * lines > _WORK_MAX:
        return "nests too deep"
    if light.count(b"\n--") > LEAVES_MAX and sum(1 for _ in delimiters_of(light, boundaries)) > LEAVES_MAX:
        return "has very many parts"
    return ""


class _Walk:
    """A walk over the tree, without recursion, that knows where each part stands in the message's bytes."""

    def __init__(
        self, raw: bytes, cargo: Cargo, defect: Defect, *, prefix: str = "", reopened: int = 0
    ) -> None:
        self.raw, self.cargo, self.defect = raw, cargo, defect
        self.prefix, self.reopened = prefix, reopened
        self.exact = _ATTACHED.search(raw) is not None
        self.budget = 8 * len(raw) + 1_000_000  # bytes looked at once more for exact copies

    def leaves(self, message: Message) -> Iterator[Leaf]:
        """Yield the leaves in order, numbered as IMAP counts them (RFC 3501 section 6.4.5)."""
        stack: list[tuple[str, Message | Leaf, str, Region | None]] = [
            (self.prefix, message, "", (0, len(self.raw)))
        ]
        while stack:
            section, part, alternative, region = stack.pop()
            if isinstance(part, Leaf):
                yield part
                continue
            payload = payload_of(part)
            if not isinstance(payload, list):
                yield self._leaf(section or "1", part, alternative)
                continue
            inner = [one for one in payload if isinstance(one, Message)]
            if part.get_content_type() == "message/delivery-status":
                yield self._report(section or "1", part, inner, alternative)
            elif part.get_content_maintype() == "message" and inner:
                yield from self._message(section or "1", part, inner[0], region, stack)
            else:
                base = f"{section}." if section else ""
                kind = (section or "0") if part.get_content_subtype() == "alternative" else alternative
                regions = self._regions(region, part, len(inner))
                if loose := self._loose(part.epilogue):
                    stack.append(("", loose, "", None))
                stack.extend(
                    (f"{base}{number}", inner[number - 1], kind, regions[number - 1])
                    for number in range(len(inner), 0, -1)
                )
                if loose := self._loose(part.preamble):
                    yield loose

    def _leaf(self, section: str, part: Message, alternative: str) -> Leaf:
        return Leaf(
            section=section,
            part=part,
            alternative=alternative,
            content=lambda: content_of(part, self.cargo),
        )

    def _report(self, section: str, part: Message, blocks: list[Message], alternative: str) -> Leaf:
        """Return a delivery status (RFC 3464), which the parser takes for header blocks, as the text it is."""
        texts = ["\n".join(f"{name}: {value}" for name, value in block.raw_items()) for block in blocks]
        content = "\n\n".join(texts).encode("utf-8", "surrogateescape")
        return Leaf(section=section, part=part, alternative=alternative, content=lambda: (content, ""))

    def _loose(self, text: str | None) -> Leaf | None:
        """Return text before the first boundary or behind the last, but for the note that speaks of MIME."""
        if not text or not text.strip() or _MIME_NOTE.fullmatch(text):
            return None
        content = self.cargo.restored(text)
        return Leaf(section="", part=Message(), loose=True, content=lambda: (content, ""))

    def _regions(self, region: Region | None, part: Message, wanted: int) -> list[Region | None]:
        unknown: list[Region | None] = [None] * wanted
        boundary = part.get_boundary()
        if not self.exact or region is None or not boundary or not self._afford(region[1] - region[0]):
            return unknown
        found = parts_of(self.raw, region, boundary)
        return list(found) if len(found) == wanted else unknown

    def _afford(self, cost: int) -> bool:
        self.budget -= cost
        return self.budget > 0

    def _message(
        self,
        section: str,
        part: Message,
        inner: Message,
        region: Region | None,
        stack: list[tuple[str, Message | Leaf, str, Region | None]],
    ) -> Iterator[Leaf]:
        """Yield an attached message; what it holds is read from it, or from its bytes where they are encoded."""
        place = None if region is None else body_of(self.raw, region)
        content, wrong = self._written(inner, place)
        encoding = encoding_of(part)
        if encoding in {"base64", "quoted-printable"} and self.reopened < _REOPENED_MAX:
            shell = Message()
            shell["Content-Transfer-Encoding"] = encoding
            shell.set_payload(content.decode("ascii", "surrogateescape"))
            decoded = content_of(shell, Cargo(token=""))
            yield Leaf(section=section, part=part, message=True, content=lambda: decoded)
            yield from self._reopen(bytes(decoded[0]), section)
            return
        yield Leaf(section=section, part=part, message=True, content=lambda: (content, wrong))
        stack.append((_inside(section, inner), inner, "", place))

    def _reopen(self, content: bytes, section: str) -> Iterator[Leaf]:
        light, cargo = lightened(content, hashlib.sha256(content).hexdigest())
        if reason := _too_much(light):
            self.defect(f"part {section}: the attached message {reason}")
            return
        try:
            mail = _Mail.from_bytes(light)
        except Exception as wrong:
            self.defect(f"part {section}: the attached message cannot be read ({type(wrong).__name__})")
            return
        prefix = _inside(section, mail.message)
        walk = _Walk(content, cargo, self.defect, prefix=prefix, reopened=self.reopened + 1)
        yield from walk.leaves(mail.message)

    def _written(self, inner: Message, place: Region | None) -> tuple[bytes, str]:
        """Return an attached message's bytes as they came, else written out again."""
        if place is not None and self._afford(place[1] - place[0]):
            return self.raw[place[0] : place[1]], ""
        if self.budget <= 0:
            return b"", "attached messages nest too deep to be written out"
        try:
            content = bytes(self.cargo.restored(inner.as_bytes().decode("ascii", "surrogateescape")))
        except (ValueError, LookupError, RecursionError, AttributeError, TypeError):
            return b"", "an attached message cannot be written out again"
        self.budget -= len(content)
        return content, "an attached message is written out again; its bytes may differ"


def _inside(section: str, message: Message) -> str:
    """Return where an attached message's own parts are counted from: a multipart's are, what has none is part 1."""
    split = message.is_multipart() and message.get_content_maintype() == "multipart"
    return section if split else f"{section}.1"


def _words(defect: str) -> str:
    """Return mail-parser's name of a defect as words: "StartBoundaryNotFoundDefect: ..." is no sentence."""
    name = defect.partition(":")[0].removesuffix("Defect")
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
