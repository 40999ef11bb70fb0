"""Which part of a message is not its sender's own word but quoted: ``>`` lines, what follows a reply marker, old frames."""

import re
from itertools import islice

from rules.compiled import Marketplace, Words
from rules.parts import Part
from rules.patterns import searchable

_MARKS_MAX = 100
_BLOCKQUOTE = re.compile(r"<(/?)blockquote\b", re.IGNORECASE)
_LOOK = 400_000  # characters in which a reply marker is looked for
_HEAD = 400  # characters of the head of a mail that is sent on, which may have several marks


class Quotes:
    """Answers whether a place in one part is quoted. The part is looked through once, and only if anyone asks."""

    def __init__(
        self,
        part: Part,
        words: Words,
        market: Marketplace | None,
        *,
        outbound: bool,
        forwards: bool = False,
    ) -> None:
        self._forwards = forwards  # its subject says that it sends a mail on
        self._part = part
        self._words = words
        self._market = market
        self._outbound = outbound
        self._from: int | None = None
        self._within: list[tuple[int, int]] = []  # blockquotes of HTML, as places in the readable text

    def holds(self, start: int) -> bool:
        """Tell whether the place ``start`` of the readable text is quoted."""
        kind = self._part.kind
        if kind not in {"text", "html"}:
            return False
        if self._from is None:
            self._from = self._begin(kind)
        if start >= self._from or any(begin <= start < end for begin, end in self._within):
            return True
        text = self._part.readable.text
        line = text.rfind("\n", max(0, start - 2000), start) + 1
        return kind == "text" and text[line : line + 20].lstrip().startswith(">")

    def _begin(self, kind: str) -> int:
        text = self._part.readable.text[:_LOOK]
        if kind == "html":
            return self._html_begin()
        begin = len(self._part.readable.text) + 1
        begin = min(begin, self._below(text, begin))
        if (attribution := self._words.quote_attribution.span_in(text)) is not None:
            start, end = attribution
            # Else the lines are marked one by one, and answers may stand between them.
            if not text[end : end + 200].lstrip().startswith(">"):
                begin = min(begin, start)
        return min(begin, self._frame_begin(text, begin))

    def _below(self, text: str, begin: int) -> int:
        """Return the place of the first mark; where a mail is sent on below it, of the first one in that mail."""
        found = self._words.quote_below.span_in(text)
        if found is None:
            return begin
        if not (self._forwards or self._sent_on(text[slice(*found)])):
            return found[0]
        past = text.find("\n", found[1] + _HEAD) + 1
        again = self._words.quote_below.span_in(text[past:]) if past else None
        return begin if again is None else past + again[0]

    def _sent_on(self, mark: str) -> bool:
        return self._words.forward_line is not None and self._words.forward_line.search(mark) is not None

    def _frame_begin(self, text: str, begin: int) -> int:
        """A marketplace's frame holds the buyer's words; a second one, or any in an answer, holds old ones."""
        if self._market is None or self._market.frame_begin is None:
            return begin
        wanted = 1 if self._outbound else 2
        for number, found in enumerate(self._market.frame_begin.finditer(text), start=1):
            if number == wanted:
                return int(found.start())
        return begin

    def _html_begin(self) -> int:
        """Return where everything is quoted from, and keep the blockquotes before that: text may follow them."""
        source = self._part.original[:_LOOK]
        if self._words.quote_html is not None:
            past, head = 0, -1
            for found in islice(self._words.quote_html.finditer(source), _MARKS_MAX):
                if self._forwards and head < 0:
                    head = found.end() + _HEAD
                if found.start() < max(past, head):
                    continue
                if not found.group().lower().startswith("<blockquote"):
                    return self._here(found.start())
                past = _end_of_blockquote(source, found.start())
                self._within.append((self._here(found.start()), self._here(past)))
        return len(self._part.readable.text) + 1

    def _here(self, there: int) -> int:
        """Return the first place of the readable text that stands behind a place of the original."""
        low, high = 0, len(self._part.readable.text)
        while low < high:
            middle = (low + high) // 2
            if self._part.readable.span(middle, middle + 1)[0] < there:
                low = middle + 1
            else:
                high = middle
        return low


def is_forward(subject: str, words: Words) -> bool:
    """Tell whether a subject says that the mail sends another one on ("WG:", "Fwd:", "転送:")."""
    return (
        words.forward_subject is not None
        and words.forward_subject.search(searchable(subject[:200])) is not None
    )


def _end_of_blockquote(source: str, start: int) -> int:
    """Return where the element ends that begins at ``start``; one that is never closed holds all the rest."""
    depth = 0
    for tag in _BLOCKQUOTE.finditer(source, start):
        depth += -1 if tag.group(1) else 1
        if not depth:
            return tag.end()
    return len(source)
