"""A table as sellers download it, line by line: any encoding, any delimiter, quoted newlines; a bad line says what is wrong.

Nothing is held in memory but the record at hand, and no quote that is left open swallows more than a few lines.
"""

import codecs
import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TextIO

_CHUNK = 1 << 20
_LINE = 1 << 18  # characters of one line
_SPAN = 200  # lines of one record
_CELLS = 2000


@dataclass(frozen=True, slots=True)
class Record:
    """One record; ``line`` is where it begins, from 1."""

    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class BadLine:
    """What could not be read, and why."""

    line: int
    reason: str


def encoding_of(path: Path) -> str:
    """Return the encoding of a file: by its mark, by the zeros of UTF-16, else UTF-8 where all of it is, else cp1252."""
    with path.open("rb") as file:
        head = file.read(4096)
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        if head[1::2].count(0) > len(head) // 4:
            return "utf-16-le"
        if head[::2].count(0) > len(head) // 4:
            return "utf-16-be"
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            decoder.decode(head)
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8-sig"


def records(path: Path, *, encoding: str, delimiter: str) -> Iterator[Record | BadLine]:
    """Yield a table's records. Tab-separated files know no quotes; in others a quoted cell may hold line ends."""
    with path.open(encoding=encoding, errors="replace", newline=None) as file:
        lines = _Lines(file)
        while (first := lines.next()) is not None:
            line, text = first
            if text is None:
                yield BadLine(line, f"a line of more than {_LINE} characters")
            elif not text.strip():
                continue
            elif delimiter == "\t":
                cells = [_unquoted(cell) for cell in text.rstrip("\n").split("\t")]
                yield Record(line, cells) if len(cells) <= _CELLS else BadLine(line, "too many columns")
            else:
                yield _quoted(lines, line, text, delimiter)


def _quoted(lines: "_Lines", line: int, text: str, delimiter: str) -> Record | BadLine:
    more: list[tuple[int, str]] = []
    whole = text
    while whole.count('"') % 2 and len(more) < _SPAN:
        following = lines.next()
        if following is None or following[1] is None:
            if following is not None:
                lines.back([following])
            break
        more.append((following[0], following[1]))
        whole += following[1]
    if whole.count('"') % 2:
        lines.back(list(more))
        return BadLine(line, "a quote is opened and not closed")
    try:
        cells = next(csv.reader(StringIO(whole), delimiter=delimiter), [])
    except csv.Error as wrong:
        return BadLine(line, str(wrong))
    return Record(line, cells) if len(cells) <= _CELLS else BadLine(line, "too many columns")


def _unquoted(cell: str) -> str:
    """Undo the quotes that some programs put around the cells of tab-separated files all the same."""
    cell = cell.strip()
    return cell[1:-1].replace('""', '"') if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell


class _Lines:
    """A file's lines with their numbers; lines can be given back. A line that is too long is None."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._number = 0
        self._given: deque[tuple[int, str | None]] = deque()

    def next(self) -> tuple[int, str | None] | None:
        if self._given:
            return self._given.popleft()
        text = self._file.readline(_LINE)
        if not text:
            return None
        self._number += 1
        if len(text) < _LINE or text.endswith("\n"):
            return self._number, text
        while len(text) == _LINE and not text.endswith("\n"):
            text = self._file.readline(_LINE)
        return self._number, None

    def back(self, lines: list[tuple[int, str | None]]) -> None:
        self._given.extendleft(reversed(lines))
