"""IMAP commands as values, and values as IMAP text (RFC 3501 section 9). Pure."""

import re
from collections.abc import Iterator, Sequence

Value = str | bytes | list["Value"]  # an atom, a string, a parenthesised list

_DEPTH = 16
_ATOM_END = frozenset(b' ()"{')
_LITERAL = re.compile(rb"\{(\d{1,10})(\+?)\}")
_QUOTABLE = re.compile(rb"^[\x20-\x7e]{0,1000}$")
_SET = re.compile(r"^(?:\d{1,10}|\*)(?::(?:\d{1,10}|\*))?(?:,(?:\d{1,10}|\*)(?::(?:\d{1,10}|\*))?)*$")


class BadSyntax(Exception):
    """A command cannot be read; the text goes to the client after BAD."""


def announced(line: bytes) -> tuple[int, bool] | None:
    """Return the size of the literal that a line ends with and whether it comes unasked (RFC 7888), or None."""
    match = re.search(rb"\{(\d{1,10})(\+?)\}$", line)
    return (int(match[1]), match[2] == b"+") if match else None


def parse_values(text: bytes, literals: Sequence[bytes]) -> list[Value]:
    """Return the values of a command's text; each ``{n}`` in it stands for the next of ``literals``.

    >>> parse_values(b'INBOX (Seen "a b") {3}', [b"xyz"])
    ['INBOX', ['Seen', b'a b'], b'xyz']
    """
    waiting = iter(literals)
    values, at = _values(text, 0, waiting, _DEPTH)
    if at != len(text):
        raise BadSyntax("a parenthesis closes that was never opened")
    return values


def _values(text: bytes, at: int, literals: Iterator[bytes], depth: int) -> tuple[list[Value], int]:
    if depth == 0:
        raise BadSyntax("parentheses are nested too deeply")
    values: list[Value] = []
    while at < len(text) and text[at] != ord(")"):
        match chr(text[at]):
            case " ":
                at += 1
            case "(":
                inner, at = _values(text, at + 1, literals, depth - 1)
                if at >= len(text):
                    raise BadSyntax("a parenthesis is missing its end")
                values.append(inner)
                at += 1
            case '"':
                string, at = _quoted(text, at + 1)
                values.append(string)
            case "{":
                match = _LITERAL.match(text, at)
                literal = next(literals, None) if match else None
                if match is None or literal is None:
                    raise BadSyntax("a literal is not well-formed")
                values.append(literal)
                at = match.end()
            case _:
                atom, at = _atom(text, at)
                values.append(atom)
    return values, at


def _quoted(text: bytes, at: int) -> tuple[bytes, int]:
    out = bytearray()
    while at < len(text):
        if text[at] == ord('"'):
            return bytes(out), at + 1
        if text[at] == ord("\\"):
            at += 1
        out += text[at : at + 1]
        at += 1
    raise BadSyntax("a quoted string is missing its end")


def _atom(text: bytes, at: int) -> tuple[str, int]:
    """Read an atom; a section such as ``BODY[HEADER.FIELDS (TO)]`` is part of it up to its bracket."""
    start = at
    inside = False
    while at < len(text) and (inside or text[at] not in _ATOM_END):
        inside = (inside or text[at] == ord("[")) and text[at] != ord("]")
        at += 1
    if at == start:
        raise BadSyntax("a character stands where none may")
    return text[start:at].decode("latin-1"), at


def as_text(value: Value) -> str:
    """Return an atom or string as text; raises BadSyntax for a list."""
    if isinstance(value, list):
        raise BadSyntax("a list stands where a word is wanted")
    return value if isinstance(value, str) else value.decode("utf-8", "replace")


def as_list(value: Value) -> list[Value]:
    return value if isinstance(value, list) else [value]


def is_set(value: Value) -> bool:
    return isinstance(value, str) and _SET.match(value) is not None


def ranges(value: Value, largest: int) -> list[range]:
    """Return the ranges of a sequence set; ``*`` is the largest number in use.

    >>> ranges("1:3,7,9:*", 8)
    [range(1, 4), range(7, 8), range(8, 10)]
    """
    if not is_set(value):
        raise BadSyntax("a sequence set is wanted here")
    found = []
    for part in as_text(value).split(","):
        ends = [largest if end == "*" else int(end) for end in part.split(":")]
        found.append(range(min(ends), max(ends) + 1))
    return found


def quoted(value: bytes) -> bytes:
    """Return bytes as an IMAP string: quoted where that can carry them, else as a literal."""
    if _QUOTABLE.match(value):
        return b'"' + value.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
    return b"{%d}\r\n" % len(value) + value


def nstring(value: bytes | None) -> bytes:
    return b"NIL" if value is None else quoted(value)
