"""Which of many patterns a text holds, told in one pass over it (RE2's sets) instead of one for each."""

from collections.abc import Collection, Iterable

import re2

from rules.patterns import searchable

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
