"""A report's messages, each in its place: its head, its text without what could deceive, its files, and what became of it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.archive.archive import Archive
from gateway.archive.faults import Damaged
from gateway.dossier.timeline import Act, Answer
from gateway.dossier.timeline import Letter as Told
from gateway.evidence import custody
from gateway.mail.passages import passages
from gateway.mail.pictures import KINDS
from gateway.report.audience import Audience
from gateway.report.phrases import Phrases
from gateway.report.sheet import File, Letter
from gateway.shape import own_text
from gateway.store.records import AttachmentRow, EventRow, MessageRow
from rules.facts import OrderRef

TEXT_CHARS = 20_000  # of a message that are shown
_QUOTED_CHARS = 1_500  # of older mail quoted in it
_PICTURES = 60  # of a report that are shown
_PICTURE_BYTES = 20 * 1024 * 1024
_REPLY_CHARS = 300
# In the marketplace's frame around a buyer's words: pages that act for the seller, and marks of the conversation.
_INWARD = re.compile(r"(?:https?://|www\.)\S+|\[\w{3,40}:[\w+/=.-]{8,200}\]", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What every part of a report is told with."""

    words: Phrases
    order: OrderRef
    audience: Audience
    marketplace: str  # as people call it
    senders: Mapping[str, str]  # what buyers see of each mailbox

    def seller(self, row: MessageRow) -> str:
        return self.senders.get(row.mailbox, "") or self.words.who["seller"]


class Story:
    """Numbers the moments of a report in their order and tells its messages; counts what it cuts."""

    def __init__(
        self,
        archive: Archive,
        setting: Setting,
        moments: tuple[Told | Act, ...],
        events: Mapping[int, EventRow],
    ) -> None:
        self._archive = archive
        self._set = setting
        self._moments = moments
        self._checks = {
            one.of: one for one in events.values() if one.type == "authenticity" and one.of is not None
        }
        self.cut: list[int] = []  # numbers of messages whose text goes on
        self.unshown = 0  # pictures
        self.shown: list[tuple[int, str]] = []  # pictures, by entry and part

    def letters(self, embedded: Mapping[int, str]) -> Iterator[Letter]:
        """Yield every message; ``embedded`` names the files that hold originals."""
        for number, moment in enumerate(self._moments, 1):
            if isinstance(moment, Told):
                yield self._letter(number, moment, embedded)

    def files(self) -> Iterator[tuple[str, int, AttachmentRow]]:
        """Yield every attached file with its label and its message's entry."""
        for number, moment in enumerate(self._moments, 1):
            if isinstance(moment, Told):
                for count, file in enumerate(moment.row.attachments, 1):
                    yield f"{number}.{count}", moment.row.seq, file

    def title(self, moment: Told | Act) -> str:
        """Return what a moment is, in a few words."""
        what = self._set.words.what
        if isinstance(moment, Act):
            return what.get(moment.event.type, moment.event.type)
        row = moment.row
        if row.direction == "inbound":
            return what["inbound"]
        if row.type == "mail.in":
            return what["copy"]
        unsent = {"mail.held": "held", "mail.refused": "refused"}.get(row.type, "")
        return what[unsent] if unsent and not moment.answers else what["outbound"]

    def who(self, moment: Told | Act) -> str:
        """Return whose hand it was; to a buyer no agent has a name."""
        said = self._set.words.who
        if isinstance(moment, Act):
            named = moment.event.agent if self._set.audience == "court" else said["seller"]
            return named or said["system"]
        row = moment.row
        if row.direction == "outbound":
            named = row.agent if self._set.audience == "court" else ""
            return f"{self._set.seller(row)} ({named})" if named else self._set.seller(row)
        if row.kind == "buyer_message":
            return said["buyer"]
        return said["marketplace"] if row.marketplace else said["others"]

    def details(self, moment: Told | Act) -> str:
        """Return one line of what a moment says."""
        if isinstance(moment, Told):
            return moment.row.subject
        said = custody.words_of(moment.event.type, moment.event.summary)
        if self._set.audience == "buyer" and moment.event.type == "evidence":
            return str(moment.event.summary.get("text") or "")  # a file's name is the house's own
        return said

    def _letter(self, number: int, moment: Told, embedded: Mapping[int, str]) -> Letter:
        row, words = moment.row, self._set.words
        parts, is_cut = self._text(row)
        if is_cut:
            self.cut.append(number)
            parts.append((True, words.cut))
        files = [self._file(f"{number}.{count}", row, one) for count, one in enumerate(row.attachments, 1)]
        after = [self._answer(one) for one in moment.answers] if row.direction == "outbound" else []
        if (check := self._checks.get(row.seq)) is not None and self._set.audience == "court":
            found = str(check.summary.get("result", "none"))
            said = words.checked.get("fail" if found == "permerror" else found, words.checked["none"])
            after.append(said.format(why=check.summary.get("reason") or found))
        if row.seq in embedded:
            after.append(words.embedded.format(name=embedded[row.seq]))
        return Letter(
            number=number,
            way=row.direction,
            title=self.title(moment),
            fields=list(self._fields(moment)),
            passages=parts,
            files=files,
            after=after,
        )

    def _fields(self, moment: Told) -> Iterator[tuple[str, str]]:
        row, field = moment.row, self._set.words.field
        whole = self._set.audience == "court"
        if whole:
            yield field["from"], people(row.from_)
            yield field["to"], people(row.to)
            if row.cc:
                yield field["cc"], people(row.cc)
        else:  # a shop's own address is not what a buyer sees of it
            names = [self._set.words.who["buyer"], self._set.seller(row)]
            yield from zip(
                (field["from"], field["to"]), names[:: 1 if row.direction == "inbound" else -1], strict=True
            )
        yield field["subject"], row.subject
        yield field["received" if row.direction == "inbound" else "wrote"], moment_utc(row.occurred_at)
        if whole and row.agent:
            yield field["agent"], row.agent
        yield field["entry"], f"{row.seq}"
        for one in moment.links if whole else ():
            yield field["link"], f"{self._set.words.sure[one.link.confidence]} ({one.link.reason})"

    def _text(self, row: MessageRow) -> tuple[list[tuple[bool, str]], bool]:
        words = self._set.words
        try:
            whole = own_text(
                self._archive.open_for(row.seq, "text", row.sealed_text).decode("utf-8", "replace")
            )
        except Damaged as wrong:
            gone = "key is gone" in wrong.what
            return [(True, words.erased if gone else words.unreadable.format(why=wrong.what))], False
        if not whole.strip():
            return [(True, words.no_text)], False
        parts, is_cut = [], len(whole) > TEXT_CHARS
        for one in passages(whole[:TEXT_CHARS].strip()):
            text = one.text.strip("\n")
            if self._set.audience == "buyer":
                text = "" if one.quoted else _INWARD.sub("[…]", text)
            if one.quoted and len(text) > _QUOTED_CHARS:
                text = f"{text[:_QUOTED_CHARS]} …"
            if text:
                parts.append((one.quoted, text))
        return parts, is_cut

    def _file(self, label: str, row: MessageRow, file: AttachmentRow) -> File:
        is_picture = file.content_type in KINDS and file.size_bytes <= _PICTURE_BYTES
        shows = is_picture and len(self.shown) < _PICTURES
        self.unshown += is_picture and not shows
        if shows:
            self.shown.append((row.seq, file.part))
        return File(
            label=label,
            name=file.filename or file.content_type,
            about=f"{file.content_type}, {size(file.size_bytes)}",
            sha256=file.sha256,
            seq=row.seq if shows else None,
            part=file.part,
        )

    def _answer(self, one: Answer) -> str:
        said = self._set.words.answer.get(one.kind, self._set.words.answer["unknown"])
        reply = " ".join(one.reply.split())[:_REPLY_CHARS]
        where = f" [{one.remote}]" if one.remote and self._set.audience == "court" else ""
        return said.format(at=moment_utc(one.at), reply=f"{reply}{where}")


def people(pairs: tuple[tuple[str, str], ...]) -> str:
    """Return people with their addresses."""
    return ", ".join(f"{name} <{address}>" if name else address for name, address in pairs)


def moment_utc(at: datetime) -> str:
    """Return a time as every table has it."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def size(count: int) -> str:
    """Return a size for people.

    >>> size(900), size(2048), size(3_500_000)
    ('900 B', '2.0 KB', '3.3 MB')
    """
    if count < 1024:
        return f"{count} B"
    return f"{count / 1024:.1f} KB" if count < 1024**2 else f"{count / 1024**2:.1f} MB"
