"""The answer's text, from facts and phrases. Pure; each sentence keeps the entries that show it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from babel.dates import format_date

from gateway.answer.case import Case, Reply, Said
from gateway.answer.phrases import Phrases, phrases_of

_REPLIES = 3  # told one by one; more are told together


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One sentence or line. Where the text is too long the highest ``rank`` goes first; 0 never goes."""

    text: str
    entries: tuple[int, ...] = ()
    rank: int = 0
    paragraph: bool = False  # it begins a paragraph


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """What to paste, and the sentences that found no room."""

    sentences: tuple[Sentence, ...]
    left_out: tuple[Sentence, ...]
    stop: str

    def __str__(self) -> str:
        return _joined(self.sentences, self.stop)


def write(case: Case, language: str, *, zone: tzinfo, sender: str, limit: int = 0) -> Text:
    """Return the answer in one language, of ``limit`` characters at most (0: none is known)."""
    said = phrases_of(language)
    kept = list(_Writer(case, said, zone, sender).sentences())
    gone: list[Sentence] = []
    while limit and len(_joined(kept, said.stop)) > limit and any(one.rank for one in kept):
        worst = max(kept, key=lambda one: one.rank)
        kept.remove(worst)
        gone.append(worst)
    return Text(sentences=tuple(kept), left_out=tuple(gone), stop=said.stop)


def _joined(sentences: list[Sentence] | tuple[Sentence, ...], stop: str) -> str:
    text = ""
    for one in sentences:
        text += ("\n\n" if one.paragraph else stop) if text else ""
        text += one.text
    return text + "\n"


@dataclass(frozen=True, slots=True)
class _Writer:
    case: Case
    said: Phrases
    zone: tzinfo
    sender: str

    def sentences(self) -> Iterator[Sentence]:
        case, said = self.case, self.said
        yield Sentence(text=said.salutation.format(marketplace=case.marketplace))
        claim = (case.claim.message,) if case.claim else ()
        about = said.about[case.kind].format(order=case.order, marketplace=case.marketplace)
        yield Sentence(text=about, entries=claim, paragraph=True)
        if case.placed:
            text = said.placed.format(at=self._moment(case.placed))
            yield Sentence(text=text, entries=case.placed_entries, rank=5)
        yield from self._sent()
        yield from self._answered()
        yield from self._given()
        yield from self._absence()
        yield Sentence(text=said.record, rank=6, paragraph=True)
        yield Sentence(text=said.closing.format(sender=self.sender), paragraph=True)

    def _sent(self) -> Iterator[Sentence]:
        said, first = self.said, True
        for one in self.case.parcels:
            text = (said.parcel if one.carrier else said.parcel_plain).format(
                carrier=one.carrier.upper(), number=one.number
            )
            yield Sentence(text=text, entries=one.entries, rank=1, paragraph=first)
            if one.shipped:
                yield Sentence(
                    text=said.shipped.format(at=self._moment(one.shipped)),
                    entries=one.entries,
                    rank=2,
                )
            first = False
        for scan in self.case.scans:
            text = said.scan.format(said=scan.what, at=self._moment(scan.at))
            yield Sentence(text=text, entries=scan.entries, rank=2, paragraph=first)
            first = False
        for proof in self.case.proofs:
            text = (said.proof_said if proof.what else said.proof).format(
                said=proof.what, at=self._moment(proof.at)
            )
            yield Sentence(text=text, entries=proof.entries, rank=1, paragraph=first)
            first = False

    def _answered(self) -> Iterator[Sentence]:
        done = [one for one in self.case.replies if one.took is not None]
        if len(done) <= _REPLIES:
            for place, one in enumerate(done):
                yield Sentence(text=self._reply(one), entries=one.entries, rank=2, paragraph=not place)
            return
        longest = max((one.took for one in done if one.took is not None), default=timedelta())
        text = self.said.replied_often.format(
            count=len(done),
            first=self._moment(done[0].asked),
            last=self._moment(done[-1].asked),
            span=self._span(longest),
            marketplace=self.case.marketplace,
        )
        entries = tuple(seq for one in done for seq in one.entries)
        yield Sentence(text=text, entries=entries, rank=2, paragraph=True)

    def _reply(self, one: Reply) -> str:
        assert one.answered is not None
        return self.said.replied.format(
            asked=self._moment(one.asked),
            answered=self._moment(one.answered),
            span=self._span(one.answered - one.asked),
            marketplace=self.case.marketplace,
        )

    def _given(self) -> Iterator[Sentence]:
        first = True
        for one in self.case.offers:
            text = self.said.offer[one.what].format(at=self._moment(one.at))
            yield Sentence(text=text, entries=one.entries, rank=1, paragraph=first)
            first = False
        for one in self.case.documents:
            yield Sentence(text=self._document(one), entries=one.entries, rank=3, paragraph=first)
            first = False

    def _document(self, one: Said) -> str:
        return self.said.documents.format(
            files=one.what, at=self._moment(one.at), marketplace=self.case.marketplace
        )

    def _absence(self) -> Iterator[Sentence]:
        found = self.case.absence
        if found is None:
            return
        said = self.said
        text = said.absence.format(begin=self._moment(found.begin), end=self._moment(found.end))
        breaks = said.joint.join(
            f"{self._moment(begin)} – {self._moment(end)}" for begin, end in found.breaks
        )
        told = said.absence_breaks.format(breaks=breaks) if breaks else said.absence_whole
        yield Sentence(text=f"{text}{said.stop}{told}", entries=found.entries, rank=2, paragraph=True)

    def _moment(self, at: datetime) -> str:
        return moment_in(self.said, at, self.zone)

    def _span(self, span: timedelta) -> str:
        return span_in(self.said, span)


def moment_in(said: Phrases, at: datetime, zone: tzinfo) -> str:
    """Return a time in a language's words: in UTC, and in the zone where that is another."""
    utc, local = at.astimezone(UTC), at.astimezone(zone)
    if utc.utcoffset() == local.utcoffset():
        return f"{_written(said, utc)} UTC"
    near = f"{local:%H:%M}" if utc.date() == local.date() else _written(said, local)
    return said.moment.format(utc=_written(said, utc), local=near, zone=local.tzname())


def span_in(said: Phrases, span: timedelta) -> str:
    """Return a length of time in a language's words, in its two largest units."""
    minutes = max(1, round(span.total_seconds() / 60))
    hours, rest = divmod(minutes, 60)
    if hours >= 48:
        return said.days.format(days=hours // 24, hours=hours % 24)
    return said.hours.format(hours=hours, minutes=rest) if hours else said.minutes.format(minutes=rest)


def _written(said: Phrases, at: datetime) -> str:
    day = format_date(at, "long", locale=said.locale)
    return said.written.format(day=day, time=f"{at:%H:%M}")
