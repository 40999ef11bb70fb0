"""The notice that an answer came back after it had been accepted: what the other side said, in plain words, and what to do. Pure."""

from gateway.relay.advice import mend
from gateway.relay.notice import About, Letterhead, described, notice
from gateway.relay.reply import one_line
from rules.refusals import refusal_in

_SUBJECT = 120
_UNTOLD = "The server that was to pass it on could not."


def returned_notice(
    answer: About,
    said: str,
    head: Letterhead,
    *,
    agent: str,
    report: int,
) -> bytes:
    """Return the notice; ``said`` are the report's own words, ``report`` is its entry."""
    known = refusal_in(said)
    where = f"{head.web}/message/{report}" if head.web else f"docket show {report}"
    lines = [
        f"{one_line(agent) or 'Somebody'}'s answer was accepted at first, and then came back: the buyer has not got it.",
        "",
        *described(answer, head.web),
        "",
        f"What happened: {known.why if known is not None else _UNTOLD}",
        f"They said: {one_line(said)}" if said.strip() else "They gave no reason.",
        f"What to do: {mend(said)}",
        "",
        f"The report itself: {where}",
        "Where the buyer waits for this answer, the time to answer runs again, from their question on.",
    ]
    subject = f"Not delivered: {one_line(answer.subject)[:_SUBJECT] or '(no subject)'}"
    return notice(subject, lines, head)
