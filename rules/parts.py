"""The places of a message where a number may stand, each under the name that a find will carry."""

import html as entities
import re
from collections.abc import Iterator
from functools import lru_cache

from rules.facts import Facts
from rules.hidden import hidden_in
from rules.readable import INVISIBLE, Readable, fold, joined, readable, replaced

PART_MAX = 1_000_000  # characters of one part that are searched
_LINKS_MAX = 300
_LINK_MAX = 2_000
_HEADERS_MAX = 20
_FILES_MAX = 100

_HOLE = re.compile(
    f"(<[^<>]{{0,4018}}>|&(?:#[0-9]{{1,7}}|#[xX][0-9a-fA-F]{{1,6}}|[a-zA-Z]{{2,8}});|{INVISIBLE})"
)
_NAME = re.compile("</?([a-zA-Z][a-zA-Z0-9]{0,15})")
_INLINE = frozenset(
    "a|abbr|b|bdi|bdo|big|code|em|font|i|ins|mark|nobr|small|span|strong|sub|sup|tt|u|wbr".split("|")  # noqa: SIM905
)


class Part:
    """One place: its name, its text as written, and the text as a pattern can read it."""

    __slots__ = ("_hidden", "kind", "original", "readable", "where")

    def __init__(self, where: str, original: str, readable: Readable) -> None:
        self.where = where
        self.kind = where.partition(":")[0]  # without its number: "link" for "link:3"
        self.original = original
        self.readable = readable
        self._hidden: list[tuple[int, int]] | None = None

    def hides(self, start: int, end: int) -> bool:
        """Tell whether any of a stretch of the readable text is kept from the eyes of whoever reads the mail."""
        if self.kind != "html":
            return False
        if self._hidden is None:
            self._hidden = hidden_in(self.original)
        if not self._hidden:
            return False
        first, last = self.readable.span(start, end)
        return any(begin < last and first < stop for begin, stop in self._hidden)


def parts_of(facts: Facts) -> Iterator[Part]:
    """Yield the parts of a message in the order in which they are to be believed."""
    yield _part("subject", facts.subject)
    yield from _body("text", facts.text)
    if facts.html:
        original = facts.html[:PART_MAX]
        yield Part("html", original, text_of_html(original))
    for number, link in enumerate(facts.links[:_LINKS_MAX]):
        yield _part(f"link:{number}", link[:_LINK_MAX])
    chosen = ((name, value) for name, value in facts.headers if _may_name_an_order(name))
    for (name, value), _ in zip(chosen, range(_HEADERS_MAX), strict=False):
        yield _part(f"header:{name}", value)
    for number, file in enumerate(facts.attachments[:_FILES_MAX]):
        yield _part(f"attachment:{number}:name", file.filename)
        if file.text:
            yield from _body(f"attachment:{number}:text", file.text)
        if file.barcodes:
            yield _part(f"attachment:{number}:barcode", "\n".join(said for _, said in file.barcodes))


def _part(where: str, text: str) -> Part:
    original = text[:PART_MAX]
    return Part(where, original, readable(original))


def _body(where: str, text: str) -> Iterator[Part]:
    """Yield the text, and again with broken lines joined where a number may go on: only finds across a seam count there."""
    part = _part(where, text)
    yield part
    mended = joined(part.original)
    if mended is not None:
        yield Part(where, part.original, mended)


@lru_cache(maxsize=1024)
def _may_name_an_order(name: str) -> bool:
    lower = name.lower()
    if lower.startswith("x-docket"):  # ours, or forged: says nothing new
        return False
    return lower in {"thread-topic", "keywords", "comments"} or "order" in lower


def text_of_html(source: str) -> Readable:
    """Return what HTML shows, roughly: inline tags vanish, others part words; an ID may be cut up by ``<wbr>``."""
    return replaced(_HOLE.split(fold(source)), _instead)


@lru_cache(maxsize=1024)
def _instead(hole: str) -> str:
    """Return what a tag, an entity or something invisible looks like; a message has few kinds of them."""
    if hole[0] == "&":
        return readable(entities.unescape(hole)).text
    if hole[0] != "<":
        return ""
    named = _NAME.match(hole)
    return "" if named and named[1].lower() in _INLINE else " "
