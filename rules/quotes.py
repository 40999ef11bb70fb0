"""Which part of a message is not its sender's own word but quoted: ``>`` lines, what follows a reply marker, old frames."""

from rules.compiled import Marketplace, Words
from rules.parts import Part

_LOOK = 400_000  # characters in which a reply marker is looked for


class Quotes:
    """Answers whether a place in one part is quoted. The part is looked through once, and only if anyone asks."""

    def __init__(self, part: Part, words: Words, market: Marketplace | None, *, outbound: bool) -> None:
        self._part = part
        self._words = words
        self._market = market
        self._outbound = outbound
        self._from: int | None = None

    def holds(self, start: int) -> bool:
        """Tell whether the place ``start`` of the readable text is quoted."""
        kind = self._part.kind
        if kind not in {"text", "html"}:
            return False
        if self._from is None:
            self._from = self._begin(kind)
        if start >= self._from:
            return True
        text = self._part.readable.text
        line = text.rfind("\n", max(0, start - 2000), start) + 1
        return kind == "text" and text[line : line + 20].lstrip().startswith(">")

    def _begin(self, kind: str) -> int:
        text = self._part.readable.text[:_LOOK]
        if kind == "html":
            return self._html_begin()
        begin = len(self._part.readable.text) + 1
        if self._words.quote_below is not None and (found := self._words.quote_below.search(text)):
            begin = min(begin, found.start())
        if self._words.quote_attribution is not None and (
            found := self._words.quote_attribution.search(text)
        ):
            after = text[found.end() : found.end() + 200].lstrip()
            if not after.startswith(
                ">"
            ):  # else the lines are marked one by one, and answers may stand between them
                begin = min(begin, found.start())
        return min(begin, self._frame_begin(text, begin))

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
        end = len(self._part.readable.text) + 1
        if self._words.quote_html is None:
            return end
        found = self._words.quote_html.search(self._part.original[:_LOOK])
        if found is None:
            return end
        low, high = 0, len(self._part.readable.text)
        while low < high:  # the first place here that stands behind the mark there
            middle = (low + high) // 2
            if self._part.readable.span(middle, middle + 1)[0] < found.start():
                low = middle + 1
            else:
                high = middle
        return low
