"""A report's parts: what is told where, in tables and words, from what the store and the log say of an order."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.answer.case import Case
from gateway.dossier.timeline import Act, Timeline
from gateway.dossier.timeline import Letter as Told
from gateway.evidence import custody
from gateway.mail.entry import MAIL_TYPES
from gateway.mail.pictures import KINDS
from gateway.report.audience import Chosen, titles_of
from gateway.report.sheet import File, Part, Table
from gateway.report.story import TEXT_CHARS, Setting, Story, moment_utc, size
from gateway.store.due import ClockRow
from gateway.store.records import EventRow

_PROOFS = frozenset({"carrier-page", "proof-of-delivery"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All that a report is made from, as read at one moment."""

    timeline: Timeline
    chosen: Chosen
    case: Case
    events: Mapping[int, EventRow]  # of the order and its messages, by entry
    taken_back: Sequence[tuple[int, int]]
    gaps: Sequence[int]
    erasures: Sequence[int]  # of whatever: what was erased names no order any more
    behind: int
    damaged: Mapping[int, str]
    wires: Mapping[int, str]  # how each message came here, in words
    embedded: Mapping[int, str]  # names of the files that hold originals, by entry
    note: str  # the log's signed checkpoint
    fingerprint: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """Tells the parts of one report."""

    known: Known
    setting: Setting
    story: Story
    seller: str

    @property
    def _whole(self) -> bool:
        return self.setting.audience == "court"

    def parts(self) -> Iterator[Part]:
        """Yield them in their order."""
        letters = list(self.story.letters(self.known.embedded))
        words = self.setting.words
        rows = [
            [
                str(n),
                _time(one.at),
                self.story.title(one),
                self.story.who(one),
                self.story.details(one),
                str(_seq(one)),
            ]
            for n, one in enumerate(self.known.chosen.moments, 1)
        ]
        yield self._part(
            "chronology",
            words=[words.numbers],
            table=self._table(
                "number at what who details entry", "number time middle short wide number", rows
            ),
        )
        yield self._part("messages", letters=letters, words=[] if letters else [words.nothing])
        files = list(self._files())
        if files:
            yield self._part(
                "files", table=self._table("number name size sha256", "number wide middle hash", files)
            )
        yield self._parcels()
        if self._whole:
            yield from self._deadlines()
            yield self._custody()
        yield self._hashes()
        yield self._verify()
        yield self._part("missing", points=list(self._missing()))

    def _part(self, name: str, **told: object) -> Part:
        return Part(name=name, title=self.setting.words.part[name], **told)  # type: ignore[arg-type]

    def _table(self, columns: str, kinds: str, rows: list[list[str]]) -> Table:
        named = [self.setting.words.column[one] for one in columns.split()]
        return Table(columns=named, kinds=kinds.split(), rows=rows)

    def _files(self) -> Iterator[list[str]]:
        for label, _, file in self.story.files():
            name = file.filename or file.content_type
            yield [label, name, f"{file.content_type}, {size(file.size_bytes)}", file.sha256]
        for number, act in self._acts("evidence"):
            said = act.event.summary
            name = str(said.get("filename", "")) if self._whole else str(said.get("kind", ""))
            about = f"{said.get('content_type', '')}, {size(int(said.get('size_bytes', 0)))}"
            yield [f"{number}", name, about, str(said.get("sha256", ""))]

    def _acts(self, type_: str) -> Iterator[tuple[int, Act]]:
        for number, one in enumerate(self.known.chosen.moments, 1):
            if isinstance(one, Act) and one.event.type == type_ and not one.event.summary.get("erased"):
                yield number, one

    def _parcels(self) -> Part:
        words = self.setting.words
        rows = [
            [one.carrier.upper(), one.number, moment_utc(one.shipped) if one.shipped else ""]
            for one in self.known.case.parcels
        ]
        points, pictures = [], []
        for number, act in self._acts("evidence"):
            said = act.event.summary
            if said.get("kind") not in _PROOFS:
                continue
            told = ": ".join(
                filter(None, (str(said.get("kind")).replace("-", " "), str(said.get("text") or "")))
            )
            points.append(f"{words.column['number']} {number}, {moment_utc(act.at)}: {told}")
            if said.get("content_type") in KINDS:
                pictures.append(self._picture(number, act))
        table = self._table("carrier parcel shipped", "middle wide time", rows) if rows else None
        empty = [] if rows or points else [words.nothing]
        return self._part("parcels", table=table, points=points, files=pictures, words=empty)

    def _picture(self, number: int, act: Act) -> File:
        said = act.event.summary
        name = str(said.get("filename", "")) if self._whole else str(said.get("text") or "")
        self.story.shown.append((act.event.seq, ""))
        return File(
            label=str(number), name=name, about="", sha256=str(said.get("sha256", "")), seq=act.event.seq
        )

    def _deadlines(self) -> Iterator[Part]:
        numbers = {_seq(one): n for n, one in enumerate(self.known.chosen.moments, 1)}
        rows = [
            [
                str(numbers.get(one.message, "")),
                self.setting.words.clock.get(one.name, one.name.replace("_", " ")),
                _time(one.started_at),
                _time(one.due_at),
                _time(one.stopped_at) if one.stopped_at else "",
                self._kept(one),
                ", ".join(str(seq) for seq in (one.message, one.by, one.stopped_by) if seq is not None),
            ]
            for one in sorted(self.known.timeline.clocks, key=lambda clock: (clock.started_at, clock.message))
        ]
        if rows:
            columns = "number what begun due ended result entry"
            yield self._part(
                "deadlines", table=self._table(columns, "number wide time time time tiny tiny", rows)
            )

    def _kept(self, one: ClockRow) -> str:
        if one.stopped_at is not None:
            return self.setting.words.clock["kept" if one.kept else "late"]
        return self.setting.words.clock["overdue" if one.due_at < self.known.now else "open"]

    def _custody(self) -> Part:
        withheld, rows = set(self.known.chosen.withheld), []
        for seq, event in sorted(self.known.events.items()):
            if event.type in withheld or event.type == "orders":  # an order report tells of other orders too
                continue
            is_mail = event.type in MAIL_TYPES
            said = self.known.wires.get(seq, "") if is_mail else custody.words_of(event.type, event.summary)
            of = "" if is_mail or event.of is None else str(event.of)
            who = event.agent or ("" if is_mail else "Docket")
            rows.append(
                [str(seq), _time(event.at), custody.TITLES.get(event.type, event.type), of, who, said]
            )
        return self._part(
            "custody",
            words=[self.setting.words.record_words],
            table=self._table(
                "entry at what message who details", "number time middle number short wide", rows
            ),
        )

    def _hashes(self) -> Part:
        rows = []
        for number, one in enumerate(self.known.chosen.moments, 1):
            if isinstance(one, Told):
                row = one.row
                told = [str(number), str(row.seq), row.sha256, size(row.size_bytes)]
                rows.append([*told, self.known.embedded.get(row.seq, "–")] if self._whole else told)
        columns, kinds = "number entry sha256 size", "number number line short"
        if self._whole:
            columns, kinds = f"{columns} name", f"{kinds} short"
        return self._part("hashes", table=self._table(columns, kinds, rows))

    def _verify(self) -> Part:
        said, known = self.setting.words.verify, self.known
        if not self._whole:
            return self._part("verify", words=[said["buyer"].format(sender=self.seller), said["limits"]])
        log_size = known.note.split("\n")[1]
        words = [
            said["originals"],
            said["pack"].format(sender=self.seller, fingerprint=known.fingerprint),
            said["other_way"],
            said["limits"],
            said["checkpoint"].format(size=log_size),
        ]
        return self._part("verify", words=words, fixed=known.note.strip())

    def _missing(self) -> Iterator[str]:
        said, known = self.setting.words.missing, self.known
        for seq, event in sorted(known.events.items()):
            if event.summary.get("erased") and self._whole:
                yield said["erased"].format(entry=seq)
        for seq, why in known.damaged.items():
            yield said["damaged"].format(entry=seq, why=why)
        if not self._whole:
            yield said["originals"]
            yield said["links"]
        for number, one in enumerate(known.chosen.moments, 1):
            if isinstance(one, Told) and self._whole and one.row.seq not in {*known.embedded, *known.damaged}:
                yield said["large"].format(number=number, size=size(one.row.size_bytes))
        for number in self.story.cut:
            yield said["cut"].format(number=number, count=TEXT_CHARS)
        if self.story.unshown:
            yield said["pictures"].format(count=self.story.unshown)
        for why, count in known.chosen.left_out.items():
            yield said[why].format(count=count)
        if known.chosen.withheld:
            types = titles_of(known.chosen.withheld, self.setting.words.what)
            yield said["withheld"].format(count=len(known.chosen.withheld), types=types)
        if self._whole:
            for message, by in known.taken_back:
                yield said["taken_back"].format(message=message, by=by)
            for entry in known.gaps:
                yield said["gap"].format(entry=entry)
            if known.erasures:
                yield said["erased_before"]
        if known.behind > 0:
            yield said["behind"].format(count=known.behind)
        yield said["elsewhere"]


def _seq(one: Told | Act) -> int:
    return one.row.seq if isinstance(one, Told) else one.event.seq


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
