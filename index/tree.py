"""The tree a query parses to. Backends translate it; its words are terms already, as the analyzer makes them."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Everything:
    """Every message."""

    def __str__(self) -> str:
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leaf:
    source: str  # as a person may write it; ``parse_query(source)`` gives this leaf again

    def __str__(self) -> str:
        return self.source


@dataclass(frozen=True, slots=True, kw_only=True)
class Term(_Leaf):
    """Messages that hold one term in a field."""

    field: str
    term: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence(_Leaf):
    """Messages that hold words in a row in a text field; two words at least."""

    field: str
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefix(_Leaf):
    """Messages with a term that begins so."""

    field: str
    prefix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fuzzy(_Leaf):
    """Messages with a word at most one letter away: one more, one less, another, or two neighbours swapped."""

    field: str
    term: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Span(_Leaf):
    """Messages from ``since`` on and earlier than ``until``, both whole seconds since 1970."""

    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Among(_Leaf):
    """Messages by number: what something beside the index knows of them, asked when the query was read."""

    seqs: frozenset[int]


@dataclass(frozen=True, slots=True)
class Not:
    """Messages that the part does not find."""

    part: "Query"

    def __str__(self) -> str:
        inner = str(self.part)
        return f"-({inner})" if isinstance(self.part, And | Or) else f"-{inner}"


@dataclass(frozen=True, slots=True)
class And:
    """Messages that all parts find; at least two, none of them an ``And``."""

    parts: "tuple[Query, ...]"

    def __str__(self) -> str:
        return " ".join(f"({part})" if isinstance(part, Or) else str(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Or:
    """Messages that any part finds; at least two, none of them an ``Or``."""

    parts: "tuple[Query, ...]"

    def __str__(self) -> str:
        return " OR ".join(map(str, self.parts))


Leaf = Term | Sequence | Prefix | Fuzzy | Span | Among
Query = Everything | Leaf | Not | And | Or


def wanted(query: Query) -> Iterator[Leaf]:
    """Yield the leaves a message may be found by, without those it must not hold."""
    match query:
        case And(parts=parts) | Or(parts=parts):
            for part in parts:
                yield from wanted(part)
        case Everything() | Not():
            return
        case _:
            yield query
