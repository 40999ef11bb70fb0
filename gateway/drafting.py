"""The rule book's desk, and the names that a rule book may use, as an installation's settings have them."""

from pathlib import Path

from gateway.app import App
from gateway.rulebook import RuleBook
from rules.mistakes import Known


def rulebook_of(app: App) -> RuleBook:
    """Return the desk on which rules are read, tried, replayed and changed."""
    return RuleBook(
        archive=app.archive,
        store=app.store,
        clock=app.clock,
        place=Path(app.config.rules) if app.config.rules else None,
        files=app.files,
        shelf=app.renew_shelf,
        book=lambda: app.book,
        readers=lambda: app.readers(count=1),
        known=lambda: known_to(app),
        record=app.archive.append,
    )


def known_to(app: App) -> Known:
    """Return the names that a rule book may use beyond its own."""
    return Known(
        marketplaces=frozenset(app.marketplaces.marketplaces),
        carriers=frozenset(app.marketplaces.carriers),
        clocks=frozenset(
            clock.name for market in app.marketplaces.marketplaces.values() for clock in market.file.clocks
        ),
        mailboxes=frozenset(app.mailboxes.values()),
    )
