"""Where things stand in a TOML text: the line of every key and list element, which the standard reader does not tell.

The text is known to be TOML; what this cannot follow it leaves out, and never raises.
"""

import re
from collections.abc import Mapping

Path = tuple[str | int, ...]

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r]+|\#[^\n]*)
      |(?P<newline>\n)
      |(?P<string>\"{3}(?:[^\\]|\\.)*?\"{3,5}|'{3}.*?'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')
      |(?P<mark>[\[\]{}=,.])
      |(?P<word>[^\s\[\]{}=,."'\#]+)""",
    re.DOTALL | re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(.)")


def places_of(text: str) -> Mapping[Path, int]:
    """Return the line, counted from 1, of each path: ``("rule", 0, "when", "subject")``."""
    try:
        return _Places(text).read()
    except (IndexError, RecursionError):
        return {}


def line_of(places: Mapping[Path, int], path: Path) -> int:
    """Return the line of a path, or of the nearest thing around it that has one; 0 where nothing has."""
    while path:
        if path in places:
            return places[path]
        path = path[:-1]
    return 0


class _Places:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str, int]] = []
        line = 1
        for match in _TOKEN.finditer(text):
            if match.lastgroup != "space":
                self._tokens.append((str(match.lastgroup), match.group(), line))
            line += match.group().count("\n")
        self._tokens.append(("end", "", line))
        self._at = 0
        self._lines: dict[Path, int] = {}
        self._counts: dict[Path, int] = {}

    def read(self) -> dict[Path, int]:
        table: Path = ()
        while (token := self._tokens[self._at])[0] != "end":
            if token[0] == "newline":
                self._at += 1
            elif token[1] == "[":
                table = self._header(token[2])
            else:
                self._pair(table)
        return self._lines

    def _header(self, line: int) -> Path:
        double = self._tokens[self._at + 1][1] == "["
        self._at += 2 if double else 1
        path: Path = ()
        names = self._key()
        for number, name in enumerate(names):
            path = (*path, name)
            self._lines.setdefault(path, line)
            if number == len(names) - 1 and double:
                self._counts[path] = self._counts.get(path, -1) + 1
            if path in self._counts:
                path = (*path, self._counts[path])
        self._lines.setdefault(path, line)
        while self._tokens[self._at][0] not in {"newline", "end"}:
            self._at += 1
        return path

    def _key(self) -> tuple[str, ...]:
        names = []
        while True:
            kind, words, _ = self._tokens[self._at]
            if kind == "string":
                names.append(_ESCAPE.sub(r"\1", words[1:-1]) if words[0] == '"' else words[1:-1])
            elif kind == "word":
                names.append(words)
            elif words != ".":
                return tuple(names)
            self._at += 1

    def _pair(self, table: Path) -> None:
        line = self._tokens[self._at][2]
        path: Path = table
        for name in self._key():
            path = (*path, name)
            self._lines.setdefault(path, line)
        self._at += 1  # the =
        self._value(path)

    def _value(self, path: Path) -> None:
        words = self._tokens[self._at][1]
        if words == "[":
            self._list(path)
        elif words == "{":
            self._at += 1
            while self._skip() != "}":
                self._pair(path)
            self._at += 1
        else:
            while self._tokens[self._at][0] not in {"newline", "end"} and (
                self._tokens[self._at][1] not in {",", "]", "}"}
            ):
                self._at += 1

    def _list(self, path: Path) -> None:
        self._at += 1
        number = 0
        while self._skip() != "]":
            begin = self._at
            self._lines[(*path, number)] = self._tokens[begin][2]
            self._value((*path, number))
            if self._at == begin:
                raise IndexError  # a bracket that closes nothing: no TOML after all
            number += 1
        self._at += 1

    def _skip(self) -> str:
        """Pass line ends and commas; return what comes then."""
        while self._tokens[self._at][0] == "newline" or self._tokens[self._at][1] == ",":
            self._at += 1
        if self._tokens[self._at][0] == "end":
            raise IndexError
        return self._tokens[self._at][1]
