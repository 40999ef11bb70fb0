"""Where an SQLite file keeps something, byte for byte (https://www.sqlite.org/fileformat2.html), so that free space is proven."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

FREE, USED, IDLE = 0, 1, 2  # IDLE: written, but nothing of the content hangs on it
_LEAVES, _TABLES = {10, 13}, {5, 13}
_KINDS = {2, 5, 10, 13}
# of the file's header: journal mode, change counters, size hints, cookies of caches, the text encoding of which SQLite
# reads two bits, how vacuum works where there is none, whose file it is and who wrote it
_IDLE_HEADER = ((18, 20), (24, 28), (40, 44), (48, 52), (56, 60), (60, 64), (64, 68), (68, 72), (92, 100))


def places_of(path: Path) -> bytearray:
    """Return one mark for each byte of a database file that has no journal beside it: FREE, USED or IDLE.

    Every page must be reached from the schema or the list of free pages; raises AssertionError otherwise.
    """
    with sqlite3.connect(path) as link:
        roots = [row[0] for row in link.execute("SELECT rootpage FROM sqlite_schema WHERE rootpage > 0")]
    link.close()
    return _Map(path.read_bytes()).walk([1, *roots])


def content_of(path: Path) -> list[tuple[str, list[tuple[object, ...]]]]:
    """Return all that a database says: its schema, and every row of every table, read through the tables themselves."""
    with sqlite3.connect(path) as link:
        link.text_factory = bytes
        schema = link.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name").fetchall()
        names = [name.decode() for type_, name, _, _ in schema if type_ == b"table"]
        rows = [
            (name, sorted(link.execute(f"SELECT * FROM {name} NOT INDEXED").fetchall())) for name in names
        ]
    link.close()
    return [("schema", schema), *rows]


@dataclass
class _Map:
    file: bytes

    def __post_init__(self) -> None:
        size = int.from_bytes(self.file[16:18])
        self.size = 65536 if size == 1 else size
        self.usable = self.size - self.file[20]
        self.marks = bytearray(len(self.file))
        self.seen: set[int] = set()

    def walk(self, roots: list[int]) -> bytearray:
        self._mark(0, 72)
        self._mark(92, 100)
        for start, stop in _IDLE_HEADER:
            self._mark(start, stop, IDLE)
        self._free_list(self._number(32, 4))
        waiting = list(roots)
        while waiting:
            page = waiting.pop()
            assert page not in self.seen, f"page {page} is reached twice"
            self.seen.add(page)
            waiting.extend(self._tree_page(page))
        pages = len(self.file) // self.size
        assert self.seen == set(range(1, pages + 1)), "a page belongs to nothing"
        return self.marks

    def _number(self, at: int, length: int) -> int:
        return int.from_bytes(self.file[at : at + length])

    def _varint(self, at: int) -> tuple[int, int]:
        """Return a number of 1 to 9 bytes and where it ends."""
        value = 0
        for place in range(9):
            byte = self.file[at + place]
            if place == 8:
                return value << 8 | byte, at + 9
            value = value << 7 | byte & 127
            if byte < 128:
                return value, at + place + 1
        raise AssertionError

    def _mark(self, start: int, stop: int, how: int = USED) -> None:
        self.marks[start:stop] = bytes([how]) * (stop - start)

    def _free_list(self, trunk: int) -> None:
        while trunk:
            start = (trunk - 1) * self.size
            count = self._number(start + 4, 4)
            self.seen |= {trunk, *(self._number(start + 8 + 4 * n, 4) for n in range(count))}
            self._mark(start, start + 8 + 4 * count)
            trunk = self._number(start, 4)

    def _tree_page(self, page: int) -> list[int]:
        """Mark what a page of a table or an index keeps; return the pages below it."""
        start = (page - 1) * self.size
        head = start + (100 if page == 1 else 0)
        kind = self.file[head]
        assert kind in _KINDS, f"page {page} is of no kind of a tree"
        length = 8 if kind in _LEAVES else 12
        count = self._number(head + 3, 2)
        self._mark(head, head + length + 2 * count)
        free = self._number(head + 1, 2)
        while free:
            self._mark(start + free, start + free + 4)
            free = self._number(start + free, 2)
        below = [] if kind in _LEAVES else [self._number(head + 8, 4)]
        for place in range(count):
            at = start + self._number(head + length + 2 * place, 2)
            below += self._cell(kind, at)
        return below

    def _cell(self, kind: int, start: int) -> list[int]:
        at, below = start, []
        if kind not in _LEAVES:
            below, at = [self._number(at, 4)], at + 4
        if kind == 5:  # a row number that parts two pages: another that parts them does as well
            _, end = self._varint(at)
            self._mark(start, at)
            self._mark(at, end, IDLE)
            return below
        payload, at = self._varint(at)
        if kind == 13:
            _, at = self._varint(at)
        local = self._local(payload, kind)
        end = at + local + (4 if local < payload else 0)
        self._mark(start, end)
        if local < payload:
            self._overflow(self._number(at + local, 4), payload - local)
        return below

    def _local(self, payload: int, kind: int) -> int:
        """Return how many bytes of a record stand in its own page."""
        most = self.usable - 35 if kind in _TABLES else (self.usable - 12) * 64 // 255 - 23
        least = (self.usable - 12) * 32 // 255 - 23
        if payload <= most:
            return payload
        some = least + (payload - least) % (self.usable - 4)
        return some if some <= most else least

    def _overflow(self, page: int, left: int) -> None:
        while left > 0:
            assert page not in self.seen, f"page {page} is reached twice"
            self.seen.add(page)
            start = (page - 1) * self.size
            here = min(left, self.usable - 4)
            self._mark(start, start + 4 + here)
            left -= here
            page = self._number(start, 4)
