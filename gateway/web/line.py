"""An order's line of events as its page shows it: what is asked for, in windows, with the quiet times between."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.dossier.timeline import Act, Letter, Timeline
from gateway.mail.passages import Passage, passages
from gateway.shape import own_text
from gateway.store.records import LinkRow
from gateway.tongue import marked
from gateway.web.reads import standing, texts_of
from gateway.web.site import Site
from rules.facts import Authentic

MAIL, DELIVERY = "mail", "delivery"
_GROUPS = {
    MAIL: (marked("Mail"), ()),
    "notes": (marked("Notes"), ("note",)),
    "files": (marked("Files and parcels"), ("evidence", "parcel")),
    "links": (marked("Links and tags"), ("link", "tag", "release", "dossier")),
    "clocks": (marked("Clocks"), ("mark", "warning")),
    DELIVERY: (marked("Delivery and senders"), ("queue", "sighting")),
    "clients": (marked("Mail clients"), ("imap",)),
    "out": (marked("Handed out"), ("export", "answer")),
}
_GROUP_OF = {type_: name for name, (_, types) in _GROUPS.items() for type_ in types}
_TEXT_CHARS = 20_000
_GAP = timedelta(hours=1)
WINDOW = 100  # moments on a page
PRINTED = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A group of moments that can be asked for: how many there are, and which groups a click asks for then."""

    title: str
    count: int
    chosen: bool
    only: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One place on the line: the moment, how long after the one before, and how much of a message is shown."""

    moment: Letter | Act
    is_mail: bool
    links: list[LinkRow]  # to this order, the one that counts first
    whole: bool  # a message's text, and why it is here
    receipts: bool  # what became of it, and who sent it
    gap: timedelta | None
    passages: list[Passage]
    cut: bool
    authentic: Authentic | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A window of the line: moments ``begin`` to ``end`` of ``count`` that were asked for."""

    stops: list[Stop]
    filters: list[Filter]
    only: str
    begin: int
    end: int
    count: int
    window: int


def groups_in(text: str) -> frozenset[str]:
    """Return the groups that an address asks for; none means all.

    >>> sorted(groups_in("notes,mail,nonsense"))
    ['mail', 'notes']
    """
    return frozenset(text.split(",")) & _GROUPS.keys()


def line_of(
    site: Site,
    timeline: Timeline,
    authentic: dict[int, Authentic],
    only: AbstractSet[str],
    *,
    end: int | None = None,
    window: int = WINDOW,
) -> Line:
    """Return the last window of a timeline before moment ``end``, of the groups asked for."""
    wanted = [one for one in timeline.moments if not only or not only.isdisjoint(_groups_of(one))]
    last = len(wanted) if end is None else max(min(end, len(wanted)), 0)
    first = max(0, last - window)
    return Line(
        stops=list(_stops(site, wanted[first:last], authentic, only)),
        filters=_filters(timeline.moments, only),
        only=",".join(sorted(only)),
        begin=first,
        end=last,
        count=len(wanted),
        window=window,
    )


def _groups_of(moment: Letter | Act) -> frozenset[str]:
    if isinstance(moment, Act):
        return frozenset({_GROUP_OF.get(moment.event.type, "links")})
    return frozenset({MAIL, DELIVERY})


def _filters(moments: Iterable[Letter | Act], only: AbstractSet[str]) -> list[Filter]:
    counts = Counter(name for one in moments for name in _groups_of(one))
    return [
        Filter(title=title, count=counts[name], chosen=name in only, only=",".join(sorted(only ^ {name})))
        for name, (title, _) in _GROUPS.items()
        if counts[name] or name in only
    ]


def _stops(
    site: Site, moments: Sequence[Letter | Act], authentic: dict[int, Authentic], only: AbstractSet[str]
) -> Iterator[Stop]:
    before: datetime | None = None
    whole = not only or MAIL in only
    texts = texts_of(site, [moment.row for moment in moments if isinstance(moment, Letter) and whole])
    for moment in moments:
        is_mail = isinstance(moment, Letter)
        text = own_text(next(texts)) if isinstance(moment, Letter) and whole else ""
        gap = moment.at - before if before is not None else None
        yield Stop(
            moment=moment,
            is_mail=is_mail,
            links=[one for same in standing(moment.links) for one in same]
            if isinstance(moment, Letter)
            else [],
            whole=whole,
            receipts=not only or DELIVERY in only,
            gap=gap if gap is not None and gap >= _GAP else None,
            passages=passages(text[:_TEXT_CHARS]),
            cut=len(text) > _TEXT_CHARS,
            authentic=authentic.get(moment.row.seq) if isinstance(moment, Letter) else None,
        )
        before = moment.at
