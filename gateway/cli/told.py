"""An order's timeline in lines of text, each with its entry's number."""

from collections.abc import Iterator

from gateway.cli.frame import when
from gateway.dossier.timeline import Act, Letter, Timeline
from gateway.evidence.custody import TITLES, words_of
from gateway.mail.entry import erased_words
from gateway.mail.visible import visible
from gateway.store.records import MessageRow


def lines_of(timeline: Timeline) -> Iterator[str]:
    """Yield what happened, in time."""
    for moment in timeline.moments:
        yield from _letter(moment) if isinstance(moment, Letter) else _act(moment)


def sender(row: MessageRow) -> str:
    """Return who wrote a message, in a word or two."""
    name, address = row.from_[0] if row.from_ else ("", "nobody")
    return row.agent or name or address


def _letter(letter: Letter) -> Iterator[str]:
    row = letter.row
    who, subject = visible(sender(row)), visible(row.subject)  # a stranger's words must not steer a terminal
    yield f"{row.seq:>8}  {when(letter.at)}  {row.direction:<8}  {who}  {subject}  [{row.state}]"
    if letter.links:
        yield " " * 10 + "; ".join(f"{one.link.confidence}: {one.link.reason}" for one in letter.links)
    for answer in letter.answers:
        yield f"{answer.seq:>8}  {when(answer.at)}  {answer.kind:<8}  {visible(answer.reply)}"


def _act(act: Act) -> Iterator[str]:
    event = act.event
    about = f" on message {event.of}" if event.of is not None else ""
    said = erased_words(event.summary) or " ".join(words_of(event.type, event.summary).split())
    title = TITLES.get(event.type, event.type)
    yield f"{event.seq:>8}  {when(act.at)}  {title}{about}, {event.agent or 'Docket'}: {visible(said)}"
