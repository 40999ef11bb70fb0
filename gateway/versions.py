"""Which versions of which files made a decision: each text lies in the archive, and a book can be made of them again."""

from dataclasses import dataclass
from datetime import datetime

from gateway.archive.archive import Archive
from gateway.deciding import Book
from rules.errors import BookError
from rules.facts import Decision
from rules.marketplace import load_marketplaces
from rules.ruleset import RuleSet, load_ruleset


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One text that took part in a decision, as it lies in the archive."""

    name: str
    sha256: str
    seq: int
    at: datetime


def versions_of(archive: Archive, decision: Decision) -> list[Version]:
    """Return which versions of which files decided, each with the entry that keeps it."""
    wanted = set(decision.books)
    found = []
    for entry in archive.entries_of_type("rules"):
        digest = RuleSet(text=entry.payload.decode()).sha256
        if digest in wanted:
            found.append(
                Version(name=str(entry.meta.get("name", "")), sha256=digest, seq=entry.seq, at=entry.at)
            )
    return found


def book_of(archive: Archive, decision: Decision) -> Book | None:
    """Return the book that made a decision, from the archive; None where a text is missing or no longer understood."""
    texts = {one.name: archive.entry(one.seq).payload.decode() for one in versions_of(archive, decision)}
    rules = texts.pop("rules.toml", "")
    if RuleSet(text=rules).sha256 != decision.books[-1]:
        return None
    try:
        return Book(ruleset=load_ruleset(rules), marketplaces=load_marketplaces(texts))
    except BookError:
        return None
