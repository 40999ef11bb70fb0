"""Which places of a text are taken already, however many there are."""

from collections import defaultdict

_WIDTH = 64  # characters that share a drawer


class Spans:
    """Spans (start, end) of one text; asking costs the same whether ten or ten thousand are kept."""

    def __init__(self) -> None:
        self._drawers: dict[int, list[tuple[int, int]]] = defaultdict(list)

    def add(self, start: int, end: int) -> None:
        for drawer in range(start // _WIDTH, end // _WIDTH + 1):
            self._drawers[drawer].append((start, end))

    def overlaps(self, start: int, end: int) -> bool:
        """Tell whether any span kept shares a place with this one."""
        return bool(self._drawers) and any(
            start < stop and begin < end
            for drawer in range(start // _WIDTH, end // _WIDTH + 1)
            for begin, stop in self._drawers.get(drawer, ())
        )
