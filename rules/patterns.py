"""RE2 patterns: written by people, run over strangers' text, and so bound to linear time (https://github.com/google/re2).

RE2 has neither look-around nor back-references; what a pattern cannot say about its surroundings is said in code.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import re2

from rules.errors import BookError


class Match:
    """A match in a text of ASCII: RE2 saw its bytes, of which each is one character."""

    __slots__ = ("_found", "_pattern", "_text")

    def __init__(self, text: str, found: Any, pattern: "Pattern") -> None:
        self._text = text
        self._found = found
        self._pattern = pattern

    def span(self, group: int = 0) -> tuple[int, int]:
        return self._found.span(group)  # type: ignore[no-any-return]

    def start(self, group: int = 0) -> int:
        return self.span(group)[0]

    def end(self, group: int = 0) -> int:
        return self.span(group)[1]

    def group(self, group: int | str = 0) -> str | None:
        number = self._pattern.groupindex[group] if isinstance(group, str) else group
        start, end = self._found.span(number)
        return None if start < 0 else self._text[start:end]

    __getitem__ = group

    def groups(self, default: str | None = None) -> tuple[str | None, ...]:
        every = map(self.group, range(1, self._pattern.groups + 1))
        return tuple(default if one is None else one for one in every)


class Pattern:
    """A compiled pattern; the part of ``re.Pattern`` that RE2 offers and we use.

    Its Python wrapper works out where each match stands in the characters of a text. Where those are ASCII the bytes say
    so themselves, in half the time.
    """

    __slots__ = ("_compiled", "groupindex", "groups", "pattern", "programsize")

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled
        self.groups = int(compiled.groups)
        self.pattern = str(compiled.pattern)
        self.groupindex: dict[str, int] = compiled.groupindex
        self.programsize = int(compiled.programsize)

    def search(self, text: str) -> Any:
        if not text.isascii():
            return self._compiled.search(text)
        found = self._compiled.search(text.encode())
        return None if found is None else Match(text, found, self)

    def fullmatch(self, text: str) -> Any:
        if not text.isascii():
            return self._compiled.fullmatch(text)
        found = self._compiled.fullmatch(text.encode())
        return None if found is None else Match(text, found, self)

    def finditer(self, text: str) -> Iterator[Any]:
        if not text.isascii():
            return self._compiled.finditer(text)  # type: ignore[no-any-return]
        return (Match(text, found, self) for found in self._compiled.finditer(text.encode()))


NOTHING = r"[^\s\S]"  # a pattern that matches nowhere
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
        compiled = Pattern(re2.compile(pattern, options=options))
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
