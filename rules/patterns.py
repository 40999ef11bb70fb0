"""RE2 patterns: written by people, run over strangers' text, and so bound to linear time (https://github.com/google/re2).

RE2 has neither look-around nor back-references; what a pattern cannot say about its surroundings is said in code.
"""

from collections.abc import Iterable
from typing import Any, Protocol

import re2

from rules.errors import BookError


class Pattern(Protocol):
    """A compiled pattern; the part of ``re.Pattern`` that RE2 offers and we use."""

    @property
    def pattern(self) -> str: ...
    @property
    def groupindex(self) -> dict[str, int]: ...
    @property
    def programsize(self) -> int: ...
    def search(self, text: str) -> Any: ...
    def fullmatch(self, text: str) -> Any: ...
    def finditer(self, text: str) -> Any: ...


_CHARACTERS_MAX = 10_000
_PROGRAM_MAX = 10_000  # RE2 instructions: "(?:a{1,500}){1,20}" would be 30,000


def compile_pattern(pattern: str, *, where: str, bounded: bool = False) -> Pattern:
    """Compile without regard to case; ``where`` names the file and field for the error.

    RE2's time grows with a text's length times the pattern's size: ``bounded`` refuses a pattern that blows up.
    """
    if bounded and len(pattern) > _CHARACTERS_MAX:
        raise BookError(f"{where}: the pattern has {len(pattern)} characters; {_CHARACTERS_MAX} are allowed")
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    try:
        compiled: Pattern = re2.compile(pattern, options=options)
    except re2.error as wrong:
        cause = wrong.args[0] if wrong.args else wrong
        said = cause.decode("utf-8", "replace") if isinstance(cause, bytes) else str(cause)
        raise BookError(
            f"{where}: the pattern {pattern!r} is not one RE2 understands: {said}. "
            "RE2 knows no look-around ((?=, (?!, (?<) and no back-references (\\1)."
        ) from None
    if bounded and (size := compiled.programsize) > _PROGRAM_MAX:
        raise BookError(
            f"{where}: the pattern {pattern[:100]!r} grows to {size} steps; {_PROGRAM_MAX} are allowed. "
            "Counted repeats such as {1,500} inside each other multiply: use + or *"
        )
    return compiled


def any_of(words: Iterable[str], *, where: str, whole: bool = False) -> Pattern | None:
    """Compile a search for where any of these words begins, or with ``whole`` stands alone."""
    found = [_bounded(word, whole=whole) for word in words if word]
    return compile_pattern("|".join(found), where=where) if found else None


def searchable(text: str) -> str:
    """Return text that RE2 can take: lone surrogates, one for one, become question marks."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def _bounded(word: str, *, whole: bool) -> str:
    literal = str(re2.escape(word))
    head = r"\b" if word[0].isascii() and word[0].isalnum() else ""  # RE2's \b knows ASCII only
    tail = r"\b" if whole and word[-1].isascii() and word[-1].isalnum() else ""
    return head + literal + tail
