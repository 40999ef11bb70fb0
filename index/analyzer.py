"""From text to terms, the same for every backend, so that all of them find the same messages.

A *chunk* is what stands between spaces: a word, or words joined by dash, dot, at sign, underscore or plus. It gives
its words in order (they carry the positions of phrases), their stems, and the whole identifiers in it. Chunks of Han, kana
or Hangul give overlapping pairs of letters and, last, their final letter alone. Chunks are found in the text as it stands
and folded one by one through a cache, so common words cost one look-up.
"""

import re
import unicodedata
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from index.folding import WORD_CHARS, fold
from index.identifiers import identifier, plain_glue, wholes
from index.stems import stem

VERSION = 4  # raise it when terms change: indexes built before then ask for a rebuild
TEXT_CHARS = 1_000_000  # what stands beyond this in one text is not searched
_CACHED_CHARS = 64
_CACHED_CHUNKS = 200_000

_CJK = (
    "\u3005-\u3007\u3041-\u3096\u3099\u309a\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3131-\u318e\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
_GLUE = "-._@+\u2010-\u2015\u2212\ufe58\ufe63\uff0d\uff0e\uff20"
_JOINERS = "\u00ad\u200b-\u200d\u2060\ufeff"  # invisible inside words


def _letters() -> str:
    """Return the class of letters, digits and marks outside ``_CJK``, as ranges for a regular expression."""
    cjk = re.compile(f"[{_CJK}]")
    ranges: list[list[int]] = []
    for code in range(0x80, 0xFFFF):
        if unicodedata.category(chr(code))[0] in "LNM" and not cjk.match(chr(code)):
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    # The rarer planes as one range: a hundred exact ones cost every space five times what it should.
    ranges.append([0x10000, 0x1D7FF])
    return "0-9A-Za-z" + "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges) + _JOINERS


def _chunk(letters: str, glue: str, cjk: str) -> re.Pattern[str]:
    # No possessive repeat of a group: before Python 3.11.5 it keeps the beginning of a turn that failed.
    return re.compile(f"{cjk}[{letters}]++(?:[{glue}][{letters}]++){{0,16}}")


_ASCII_CHUNK = _chunk("0-9A-Za-z", "-._@+", "")
_CJK_CHUNK = re.compile(f"[{_CJK}]")
_PARTS = re.compile("([-._@+])")


class Chunk(NamedTuple):
    """What one chunk adds to an index; each a string of terms between spaces."""

    words: str
    stems: str
    wholes: str


class Analysis(NamedTuple):
    """The terms of one text: words and stems in order, whole identifiers not among the words, distinct words."""

    words: str
    stems: str
    wholes: tuple[str, ...]
    vocabulary: frozenset[str]  # without CJK pairs: there are so many that walking through them is slow


NOTHING = Analysis("", "", (), frozenset())


def analyze(text: str) -> Analysis:
    """Return the terms of a text.

    >>> analyze("Order 112-1234567-1234567 refunded")[:3]
    ('order 112 1234567 1234567 refunded', 'ord 112 1234567 1234567 refund', ('11212345671234567',))
    """
    found = [_CHUNKS[chunk] for chunk in chunks(text[:TEXT_CHARS].lower())]
    return Analysis(
        " ".join([chunk[0] for chunk in found]),
        " ".join([chunk[1] for chunk in found]),
        tuple([chunk[2] for chunk in found if chunk[2]]),
        frozenset({chunk[0] for chunk in found if chunk[1]}),
    )


def chunks(text: str) -> list[str]:
    """Return a text's chunks in order."""
    return chunk_pattern(text).findall(text)


def chunk_pattern(text: str) -> re.Pattern[str]:
    """Return the pattern that finds a text's chunks."""
    return _ASCII_CHUNK if text.isascii() else _any_chunk()


@cache
def _any_chunk() -> re.Pattern[str]:
    """Return the pattern for every script, made when first wanted: that takes a tenth of a second."""
    return _chunk(_letters(), _GLUE, f"[{_CJK}]++|")


def read_chunk(chunk: str) -> Chunk:
    """Return the terms of one chunk."""
    return _CHUNKS[chunk]


def is_cjk(chunk: str) -> bool:
    """Say whether a chunk is written without spaces, and so stands as pairs of letters."""
    return _CJK_CHUNK.match(chunk) is not None


def folded(chunk: str) -> str:
    """Return a chunk with each of its parts folded and its dashes, dots and at signs plain."""
    return "".join(
        part if index % 2 else fold(part) for index, part in enumerate(_PARTS.split(plain_glue(chunk)))
    )


def query_words(text: str) -> tuple[str, ...]:
    """Return the words that must stand in a row for a text to be found, as many as it takes and no more."""
    found = chunks(text)
    words = [word for chunk in found for word in _CHUNKS[chunk].words.split()]
    # The final letter alone stands in the index only where the writing ends; the text searched may go on.
    if len(words) > 1 and found and is_cjk(found[-1]) and len(words[-1]) == 1 < len(words[-2]):
        words.pop()
    return tuple(words)


def query_identifier(text: str) -> str | None:
    """Return the whole term a text stands for, when it is a single chunk and an identifier."""
    found = chunks(text)
    if len(found) != 1 or is_cjk(found[0]):
        return None
    return identifier(folded(found[0]))


def _read(chunk: str) -> Chunk:
    if chunk.isascii() and chunk.isalnum():  # most are
        word = fold(chunk)
        return Chunk(word, stem(word), "")
    if is_cjk(chunk):
        return Chunk(_pairs(chunk), "", "")
    if chunk.isalnum():
        word = fold(chunk)
        return Chunk(word, stem(word), "")
    plain = folded(chunk[: 16 * WORD_CHARS])
    words = [part for part in _PARTS.split(plain)[::2] if part]
    others = dict.fromkeys(whole for whole in wholes(plain) if whole not in words)
    return Chunk(" ".join(words), " ".join(map(stem, words)), " ".join(others))


def _pairs(run: str) -> str:
    plain = unicodedata.normalize("NFKC", run)
    return " ".join([*(first + second for first, second in pairwise(plain)), plain[-1]])


class _Cache(dict[str, Chunk]):
    """Remembers chunks; forgets all of them when full, which is rarer and cheaper than ordering each look-up."""

    def __missing__(self, chunk: str) -> Chunk:
        made = _read(chunk)
        if len(chunk) <= _CACHED_CHARS:
            if len(self) >= _CACHED_CHUNKS:
                self.clear()
            self[chunk] = made
        return made


_CHUNKS = _Cache()
