"""What the writer of a message says in it, without what the message quotes: nobody answers for another's words."""

from rules.compiled import Marketplace
from rules.facts import Facts
from rules.marketplace import Marketplaces
from rules.parts import Part
from rules.patterns import searchable
from rules.quotes import Quotes
from rules.readable import readable

LOOK = 200_000  # characters that are looked at


def own_words(facts: Facts, marketplaces: Marketplaces, market: Marketplace | None) -> str:
    """Return the subject and the lines of the text that are not quoted, in readable form."""
    part = Part("text", facts.text[:LOOK], readable(facts.text[:LOOK]))
    quotes = Quotes(part, marketplaces.words, market, outbound=facts.direction == "outbound")
    lines, at = [facts.subject[:1000]], 0
    for line in part.readable.text.splitlines(keepends=True):
        if not quotes.holds(at):
            lines.append(line.rstrip("\r\n"))
        at += len(line)
    return searchable("\n".join(lines))
