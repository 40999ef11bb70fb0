"""Which of many patterns a text holds, told in one pass over it (RE2's sets and filters) instead of one for each."""

from collections.abc import Collection, Iterable

import re2

from rules.patterns import Pattern, compile_pattern, searchable

_BYTES = 64 << 20  # for the automaton, which is built as texts need it


class Shapes:
    """Patterns by number. ``found_in`` says which of them match somewhere in a text."""

    def __init__(self, patterns: Iterable[str]) -> None:
        options = re2.Options()
        options.case_sensitive = False
        options.log_errors = False
        options.max_mem = _BYTES
        self._set = re2.Set.SearchSet(options)
        self._count = 0
        for pattern in patterns:
            self._set.Add(pattern)
            self._count += 1
        if self._count:
            self._set.Compile()

    def found_in(self, text: str) -> Collection[int]:
        """Return the numbers of the patterns that match. On a text that needs many states RE2 forgets and goes on."""
        if not self._count:
            return ()
        return self._set.Match(text if text.isascii() else searchable(text)) or ()


class Earliest:
    """Patterns that are each slow to look for; one is tried only where a text holds the words that it cannot do without.

    Together, or on a text that has none of them, such patterns need more states than RE2 keeps, and so many times as long.
    """

    def __init__(self, patterns: Iterable[str], *, where: str) -> None:
        self._patterns: list[Pattern] = []
        self._filter = re2.Filter()
        options = re2.Options()
        options.case_sensitive = False
        options.log_errors = False
        for pattern in patterns:
            self._patterns.append(compile_pattern(pattern, where=where))
            self._filter.Add(pattern, options)
        if self._patterns:
            self._filter.Compile()

    def span_in(self, text: str) -> tuple[int, int] | None:
        """Return where the first match stands; of two that begin there, the one whose pattern is listed first."""
        if not self._patterns:
            return None
        tried = sorted(self._filter.Match(text if text.isascii() else searchable(text), potential=True) or ())
        spans = [match.span() for match in (self._patterns[number].search(text) for number in tried) if match]
        return min(spans, key=lambda span: span[0], default=None)
