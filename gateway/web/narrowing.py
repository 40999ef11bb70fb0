"""How a search is narrowed and widened again: what a click adds to the query that somebody typed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.tongue import _, marked
from gateway.web import words
from index.query import And, Everything, Query

_FACETS = {
    "direction": ("in", marked("Direction")),
    "marketplace": ("marketplace", marked("Marketplace")),
    "kind": ("kind", marked("Kind")),
    "tag": ("tag", marked("Tag")),
    "mailbox": ("mailbox", marked("Mailbox")),
    "agent": ("agent", marked("Agent")),
    "confidence": ("link", marked("Surest link")),
}
_WORDED = {  # a field, its title, and how its values are called, in this order
    "has": (marked("Contains"), {"attachment": marked("Attachment"), "order": marked("Order")}),
    "auth": (
        marked("Sender"),
        {"pass": marked("Proven"), "fail": marked("Not authentic"), "none": marked("Not proven")},
    ),
}
FACETS = (*_FACETS, *_WORDED)  # the fields that a search is asked for
_SPECIAL = ' "()'
_DATE = re.compile(r"(after|before|on):[^\s()]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One value of a facet, and the query that narrows to it or, where it is chosen, widens again."""

    value: str
    count: int
    chosen: bool
    query: str


def choices_of(counts: Mapping[str, Sequence[tuple[str, int]]], text: str) -> list[tuple[str, list[Choice]]]:
    """Return what the messages found have in common, most frequent first; only what somebody could choose."""
    found = []
    for name, (field, title) in _FACETS.items():
        choices = [
            _choice(
                term_of(field, value),
                words.words(value) if name == "kind" else words.named(value),
                count,
                text,
            )
            for value, count in counts.get(name, ())
            if value
        ]
        if choices:
            found.append((_(title), choices))
    for field, (title, known_as) in _WORDED.items():
        known = dict(counts.get(field, ()))
        choices = [
            _choice(term_of(field, value), _(said), known[value], text)
            for value, said in known_as.items()
            if known.get(value)
        ]
        if choices:
            found.append((_(title), choices))
    return found


def term_of(field: str, value: str) -> str:
    """Return what finds one value of a field.

    >>> term_of("tag", "damage"), term_of("tag", "Prio 1")
    ('tag:damage', 'tag:"Prio 1"')
    """
    return f'{field}:"{value}"' if any(char in value for char in _SPECIAL) else f"{field}:{value}"


def both(query: Query, other: Query) -> Query:
    """Return what two queries both find."""
    if isinstance(query, Everything):
        return other
    parts = query.parts if isinstance(query, And) else (query,)
    return And((*parts, *(other.parts if isinstance(other, And) else (other,))))


def added(text: str, term: str) -> str:
    """Return a query with one more condition on all of it.

    >>> added("a OR b", "tag:x"), added("lamp", "tag:x"), added("", "tag:x")
    ('(a OR b) tag:x', 'lamp tag:x', 'tag:x')
    """
    return f"({text}) {term}" if "OR" in text.split() else f"{text.strip()} {term}".strip()


def between(text: str, term: str) -> str:
    """Return a query about another time: its own dates give way.

    >>> between("lamp after:2026-01-01 before:2026-02-01", "on:2026-01-05")
    'lamp on:2026-01-05'
    """
    if "OR" in text.split() or '"' in text:
        return added(text, term)
    return added(" ".join(word for word in text.split() if not _DATE.fullmatch(word)), term)


def _choice(term: str, value: str, count: int, text: str) -> Choice:
    chosen = f" {term} " in f" {text} "
    query = f" {text} ".replace(f" {term} ", " ", 1).strip() if chosen else added(text, term)
    return Choice(value=value, count=count, chosen=chosen, query=query)
