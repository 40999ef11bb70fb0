"""The marks of the query language: from a string to tokens with their columns."""

import re
from dataclasses import dataclass
from typing import Literal

QUERY_CHARS = 2000

_QUOTES = '"“”„«»＂'
_FLAT = str.maketrans({"：": ":", "（": "(", "）": ")"})  # what a Japanese or Chinese keyboard gives
_QUOTED = re.compile(f"[{_QUOTES}]([^{_QUOTES}]*)[{_QUOTES}]")
_WORD = re.compile(rf"[^\s(){_QUOTES}]+")
_SCOPE = re.compile(r"([^\W\d_]+):")


class QueryError(ValueError):
    """A query cannot be read. ``column`` counts from 1; the text says what to write instead.

    It is kept apart from its ``values``, so that a page can say it in another language.
    """

    def __init__(self, text: str, column: int, /, **values: object) -> None:
        super().__init__(text)
        self.text = text
        self.values = values
        self.column = column

    @property
    def message(self) -> str:
        return self.text % self.values

    def __str__(self) -> str:
        return f"{self.message} (column {self.column})"


Kind = Literal["open", "close", "not", "and", "or", "word", "quoted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One mark; ``scope`` is the field before its colon."""

    kind: Kind
    text: str
    column: int
    scope: str = ""


def tokens_of(text: str) -> list[Token]:
    """Return the tokens of a query; raise ``QueryError`` for what no token begins with."""
    if len(text) > QUERY_CHARS:
        raise QueryError(
            "A query may be %(query_chars)s characters long; leave some words out",
            QUERY_CHARS + 1,
            query_chars=QUERY_CHARS,
        )
    text = text.translate(_FLAT)
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
        elif text[at] in "()":
            tokens.append(Token(kind="open" if text[at] == "(" else "close", text=text[at], column=at + 1))
            at += 1
        elif text[at] == "-":
            if at + 1 == len(text) or text[at + 1].isspace() or text[at + 1] == ")":
                raise QueryError("Put “-” directly before the word to leave out, or leave it away", at + 1)
            tokens.append(Token(kind="not", text="-", column=at + 1))
            at += 1
        else:
            token, at = _value(text, at)
            tokens.append(token)
    return tokens


def _value(text: str, at: int) -> tuple[Token, int]:
    column = at + 1
    scope = ""
    if found := _SCOPE.match(text, at):
        scope = found[1].lower()
        at = found.end()
        if at == len(text) or text[at].isspace() or text[at] in "()":
            raise QueryError("Write what to look for directly after “%(found)s”", column, found=found[0])
    if text[at] in _QUOTES:
        quoted = _QUOTED.match(text, at)
        if quoted is None:
            raise QueryError("The quotation mark is not closed; add one at the end of the phrase", at + 1)
        return Token(kind="quoted", text=quoted[1], column=column, scope=scope), quoted.end()
    word = _WORD.match(text, at)
    assert word is not None, "what is no space, parenthesis or quotation mark is a word"
    if not scope and word[0] in ("OR", "AND", "NOT"):
        kind: Kind = "or" if word[0] == "OR" else "and" if word[0] == "AND" else "not"
        return Token(kind=kind, text=word[0], column=column), word.end()
    return Token(kind="word", text=word[0], column=column, scope=scope), word.end()
