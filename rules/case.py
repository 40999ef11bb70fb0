"""All that a rule may look at, with what many rules ask for worked out once a message."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rules.facts import Context, Facts, Link, Reading
from rules.patterns import Pattern, searchable

TEXT_MAX = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Screen:
    """Many rules' patterns for one field as one: where it finds nothing, none of them does."""

    field: str
    pattern: Pattern


@dataclass(slots=True, kw_only=True)
class Case:
    """One message, what was known, and what the decision says so far: ``links`` and ``tags`` change as rules match."""

    facts: Facts
    reading: Reading
    context: Context
    links: tuple[Link, ...] = ()
    tags: tuple[str, ...] = ()
    clocks: tuple[str, ...] = ()
    seen: dict[Any, Any] = field(default_factory=dict)

    def once(self, name: str, made: Callable[["Case"], Any]) -> Any:
        """Return what ``made`` gives, asked once a message: for what no rule changes."""
        try:
            return self.seen[name]
        except KeyError:
            found = self.seen[name] = made(self)
            return found

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the texts of a field that patterns search, ready for RE2."""
        return self.once(  # type: ignore[no-any-return]
            f"texts {name}",
            lambda case: tuple(searchable(one[:TEXT_MAX]) for one in _texts(name, case.facts)),
        )

    def passes(self, screen: Screen) -> bool:
        """Tell whether any of the patterns behind a screen can match."""
        try:
            return self.seen[screen]  # type: ignore[no-any-return]
        except KeyError:
            found = any(screen.pattern.search(text) is not None for text in self.texts(screen.field))
            self.seen[screen] = found
            return found


def _texts(name: str, facts: Facts) -> tuple[str, ...]:
    match name:
        case "subject":
            return (facts.subject,)
        case "text":
            return (facts.text,)
        case "from_name":
            return (facts.from_name,)
        case "attachment":
            return tuple(file.filename for file in facts.attachments)
        case "attachment_text":
            return tuple(file.text for file in facts.attachments if file.text)
    wanted = name.removeprefix("header.")
    return tuple(value for header, value in facts.headers if header.lower() == wanted)
