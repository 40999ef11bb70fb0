"""The viewer: the whole story in one HTML file that loads nothing, runs nothing and shows what strangers wrote as text."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from gateway.evidence import custody
from gateway.evidence.journal import Journal
from gateway.evidence.piece import Shown
from gateway.mail.visible import visible


@dataclass(frozen=True, slots=True)
class Told:
    """One thing in its place: a message with all that came of it, or an act on the order itself."""

    shown: Shown
    after: list[Shown]


def viewer_lines(journal: Journal, **about: Any) -> Iterator[bytes]:
    """Yield the viewer's HTML piece by piece, the story in time; ``about`` is what its head tells."""
    for text in _template().generate(story=_story(journal), **about):
        yield text.encode("utf-8", "replace")


def _story(journal: Journal) -> Iterator[Told]:
    places: list[tuple[str, int, int]] = []
    after = defaultdict[int, list[int]](list)
    messages = set()
    for place, piece in journal.pieces():
        shown = piece.shown
        if shown is None:
            continue
        if shown.of is not None and shown.of in messages:
            after[shown.of].append(place)
        else:
            messages.add(shown.seq)
            places.append((shown.at, shown.seq, place))
    with journal.reading() as piece_at:
        for _, seq, place in sorted(places):
            told = piece_at(place).shown
            assert told is not None
            acts = [piece_at(one).shown for one in after[seq]]
            yield Told(told, [act for act in acts if act is not None])


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("gateway.evidence"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: (
            visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
        ),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["title"] = lambda type_: custody.TITLES.get(type_, type_)
    environment.filters["moment"] = lambda at: at[:19].replace("T", " ") + " UTC"
    environment.filters["href"] = quote
    return environment.get_template("viewer.html")
