"""The query language: one parser for the web, the command line and every other reader. docs/search.md is its manual.

query := both (OR both)*        both := one+        one := (- | NOT)? ( "(" query ")" | leaf )
"""

from datetime import UTC, tzinfo

from index.leaves import leaf_of
from index.syntax import QueryError, Token, tokens_of
from index.tree import Among, And, Everything, Fuzzy, Leaf, Not, Or, Prefix, Query, Sequence, Span, Term
from index.waiting import Wait, Waits, no_waits, waiting_of

__all__ = [
    "Among", "And", "Everything", "Fuzzy", "Leaf", "Not", "Or", "Prefix", "Query", "QueryError", "Sequence", "Span", "Term",
    "Wait", "Waits", "parse_query",
]  # fmt: skip

_DEEP = 20
_MANY = 100
_MANY_OPEN = 10


def parse_query(text: str, tz: tzinfo = UTC, waits: Waits = no_waits) -> Query:
    """Return the tree of a query; bare dates are days in ``tz``, ``waits`` knows the clocks that run.

    Any text gives a tree or raises ``QueryError``; an empty one finds everything. ``str`` of the tree parses to the
    same tree again.

    >>> str(parse_query('"damaged box"  (refund OR return) -tag:spam'))
    '"damaged box" (refund OR return) -tag:spam'
    """
    tokens = tokens_of(text)
    if not tokens:
        return Everything()
    if sum(token.kind in ("word", "quoted") for token in tokens) > _MANY:
        raise QueryError("A query may hold %(many)s words; leave some out", tokens[_MANY].column, many=_MANY)
    openings = [token for token in tokens if token.kind == "word" and token.text[-1] in "*~"]
    if len(openings) > _MANY_OPEN:  # each may look at every word of the index
        raise QueryError(
            "A query may hold %(many_open)s words with “*” or “~”; leave some out",
            openings[_MANY_OPEN].column,
            many_open=_MANY_OPEN,
        )
    parser = _Parser(tokens, tz, waits)
    query = parser.either(0)
    if parser.token is not None:
        raise QueryError("This “)” closes nothing; leave it away", parser.token.column)
    return query


class _Parser:
    """Recursive descent over the tokens, as deep as ``_DEEP``."""

    def __init__(self, tokens: list[Token], tz: tzinfo, waits: Waits) -> None:
        self._tokens = tokens
        self._at = 0
        self._tz = tz
        self._waits = waits

    @property
    def token(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def either(self, depth: int) -> Query:
        parts = [self._both(depth)]
        while self.token is not None and self.token.kind == "or":
            self._at += 1
            parts.append(self._both(depth))
        flat = [one for part in parts for one in (part.parts if isinstance(part, Or) else (part,))]
        return flat[0] if len(flat) == 1 else Or(tuple(flat))

    def _both(self, depth: int) -> Query:
        parts = [self._one(depth)]
        while self.token is not None and self.token.kind not in ("or", "close"):
            if self.token.kind == "and":
                self._at += 1
            parts.append(self._one(depth))
        flat = [one for part in parts for one in (part.parts if isinstance(part, And) else (part,))]
        return flat[0] if len(flat) == 1 else And(tuple(flat))

    def _one(self, depth: int) -> Query:
        token = self.token
        if token is None:
            last = self._tokens[-1]
            raise QueryError("Something must follow “%(text)s”", last.column, text=last.text)
        if depth > _DEEP:
            raise QueryError("This is nested too deeply; write it with fewer parentheses", token.column)
        self._at += 1
        match token.kind:
            case "not":
                return Not(self._one(depth + 1))
            case "open":
                return self._group(token, depth)
            case "close" | "or" | "and":
                raise QueryError("A word is missing before “%(text)s”", token.column, text=token.text)
            case "word" | "quoted":
                if token.scope in ("is", "due"):
                    return waiting_of(token, self._waits)
                return leaf_of(token, self._tz)

    def _group(self, opened: Token, depth: int) -> Query:
        query = self.either(depth + 1)
        if self.token is None:
            raise QueryError("This “(” is not closed; add “)”", opened.column)
        self._at += 1
        return query
