"""What a dossier says for us, as plain facts with the entries that show them. Pure: a timeline in, facts out.

Nothing is guessed: what the record does not carry is not in it, and ``gateway/answer/lacks.py`` says so beforehand.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from gateway.answer.watched import Watched
from gateway.dossier.timeline import Act, Timeline
from gateway.store.due import ClockRow
from gateway.store.spelling import bare
from gateway.tongue import _
from rules.clocks import REPLY

Kind = Literal["a-to-z", "chargeback", "return", "audit"]
KINDS: tuple[Kind, ...] = ("a-to-z", "chargeback", "return", "audit")
CLOCKS = {
    "a-to-z": ("claim_answer", "claim_appeal"),
    "chargeback": ("chargeback_answer",),
    "return": ("return_answer",),
    "audit": (),
}
# Tags by which a seller says what a buyer was offered; any of them, whoever put it there.
_OFFERS = {
    "refund": "refund",
    "refunded": "refund",
    "partial-refund": "part",
    "replacement": "replacement",
    "replaced": "replacement",
    "return-label": "label",
}
_WORD, _SENTENCE = 60, 200
_NAMED = 5  # files of one message that are named


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A wait of the buyer's, and the answer that ended it; ``answered`` is None while nobody has."""

    asked: datetime
    answered: datetime | None
    entries: tuple[int, ...]

    @property
    def took(self) -> timedelta | None:
        return None if self.answered is None else self.answered - self.asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    carrier: str
    number: str
    shipped: datetime | None = None
    entries: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One thing that was done: what, when, and the entries that show it."""

    what: str
    at: datetime
    entries: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """A time in which no message of the buyer's came; ``breaks`` are those in which nobody could have taken one."""

    begin: datetime
    end: datetime
    breaks: tuple[tuple[datetime, datetime], ...]
    entries: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that an answer may say of one order."""

    order: str
    marketplace: str  # as people call it
    kind: Kind
    claim: ClockRow | None
    placed: datetime | None
    placed_entries: tuple[int, ...]
    parcels: tuple[Parcel, ...]
    scans: tuple[Said, ...]  # the carrier's pages; ``what`` is the words of whoever filed it
    proofs: tuple[Said, ...]  # of delivery, likewise
    replies: tuple[Reply, ...]
    documents: tuple[Said, ...]  # ``what`` names the files
    returned: tuple[int, ...]  # messages of ours that were accepted and then bounced
    offers: tuple[Said, ...]  # ``what`` is "refund", "part", "replacement" or "label"
    absence: Absence | None
    doubt: str  # why there is no proof of absence, where there is none


def case_of(
    timeline: Timeline,
    watched: Watched,
    *,
    title: str,
    parcels: Mapping[str, int],
    kind: Kind | None = None,
) -> Case:
    """Return what a timeline says; the kind is that of the newest dispute where none is named.

    ``parcels`` are the entries that name them, by their bare numbers.
    """
    claim = _claim(timeline.clocks, kind)
    named = kind or _kind_of(claim)
    reported = timeline.reported
    placed = reported.placed_at if reported else None
    absence, doubt = _absence(timeline, watched, placed, claim)
    return Case(
        order=plain(timeline.order.value),
        marketplace=title,
        kind=named,
        claim=claim,
        placed=placed,
        placed_entries=tuple(one.seq for one in timeline.sources),
        parcels=tuple(_parcels(timeline, parcels)),
        scans=tuple(one for one in _filed(timeline, "carrier-page") if one.what),
        proofs=tuple(_filed(timeline, "proof-of-delivery")),
        replies=tuple(_replies(timeline)),
        documents=tuple(_documents(timeline)),
        returned=tuple(one.row.seq for one in timeline.letters if one.came_back),
        offers=tuple(_offers(timeline)),
        absence=absence,
        doubt=doubt,
    )


def plain(text: str, most: int = _WORD) -> str:
    """Return a value of strangers' making as one short line: no control characters, no marks that turn writing round."""
    kept = "".join(" " if letter.isspace() else letter for letter in text)
    kept = "".join(letter for letter in kept if unicodedata.category(letter)[0] != "C")
    kept = " ".join(kept.split())
    return kept if len(kept) <= most else f"{kept[: most - 1]}…"


def _claim(clocks: tuple[ClockRow, ...], kind: Kind | None) -> ClockRow | None:
    wanted = [one for one in clocks if (one.name in CLOCKS[kind] if kind else one.name != REPLY)]
    running = [one for one in wanted if one.stopped_by is None]
    return max(running or wanted, key=lambda one: (one.started_at, one.message), default=None)


def _kind_of(claim: ClockRow | None) -> Kind:
    for kind in KINDS:
        if claim is not None and claim.name in CLOCKS[kind]:
            return kind
    return "a-to-z"


def _parcels(timeline: Timeline, named: Mapping[str, int]) -> Iterator[Parcel]:
    reported = timeline.reported.parcels if timeline.reported else ()
    shipped = {bare(number): at for _, number, at in reported}
    told = tuple(one.seq for one in timeline.sources)
    for one in timeline.parcels:
        plain_number = bare(one.number)
        by = (named[plain_number],) if plain_number in named else ()
        yield Parcel(
            carrier=plain(one.carrier),
            number=plain(one.number),
            shipped=shipped.get(plain_number),
            entries=(*by, *(told if plain_number in shipped else ())),
        )


def _filed(timeline: Timeline, kind: str) -> Iterator[Said]:
    for act in _acts(timeline, "evidence"):
        said = act.event.summary
        if not said.get("erased") and said.get("kind") == kind:
            yield Said(
                what=plain(str(said.get("text") or ""), _SENTENCE), at=act.at, entries=(act.event.seq,)
            )


def _offers(timeline: Timeline) -> Iterator[Said]:
    told = set()
    for act in _acts(timeline, "tag"):
        for tag in act.event.summary.get("add", ()):
            what = _OFFERS.get(str(tag).lower())
            if what is not None and what not in told and _stands(timeline, act, str(tag)):
                told.add(what)
                yield Said(what=what, at=act.at, entries=(act.event.seq,))


def _stands(timeline: Timeline, act: Act, tag: str) -> bool:
    """Tell whether a tag is still on the message that it was put on."""
    return any(one.row.seq == act.event.of and tag in one.row.tags for one in timeline.letters)


def _documents(timeline: Timeline) -> Iterator[Said]:
    for letter in timeline.letters:
        taken = [one for one in letter.answers if one.kind == "delivered"]
        names = [plain(one.filename, 40) for one in letter.row.attachments if one.filename]
        if letter.row.type == "mail.out" and taken and names and not letter.came_back:
            shown = ", ".join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")
            yield Said(what=shown, at=taken[0].at, entries=(letter.row.seq, taken[0].seq))


def _replies(timeline: Timeline) -> Iterator[Reply]:
    """Yield the buyer's waits in time, each with its message, our answer, and the entry that says it was accepted."""
    written = {answer.seq: letter.row.seq for letter in timeline.letters for answer in letter.answers}
    for one in timeline.replies:
        entries = [one.message]
        if one.stopped_by is not None:
            entries += [written[one.stopped_by]] if one.stopped_by in written else []
            entries += [one.stopped_by]
        yield Reply(asked=one.started_at, answered=one.stopped_at, entries=tuple(entries))


def _absence(
    timeline: Timeline, watched: Watched, placed: datetime | None, claim: ClockRow | None
) -> tuple[Absence | None, str]:
    """Return the time before a claim in which the buyer wrote nothing, or why none can be shown."""
    if claim is None or placed is None or placed >= claim.started_at:
        untold = _("no order report says when the order was placed (docket orders import)")
        return None, "" if claim is None else untold
    wrote = [
        one.at
        for one in timeline.letters
        if one.row.direction == "inbound"
        and one.row.kind == "buyer_message"
        and placed <= one.at < claim.started_at
    ]
    if wrote:
        return None, ""
    if doubt := watched.doubt(placed, claim.started_at):
        return None, doubt
    breaks = watched.breaks(placed, claim.started_at)
    return Absence(begin=placed, end=claim.started_at, breaks=breaks, entries=watched.entries), ""


def _acts(timeline: Timeline, type_: str) -> Iterator[Act]:
    return (one for one in timeline.moments if isinstance(one, Act) and one.event.type == type_)
