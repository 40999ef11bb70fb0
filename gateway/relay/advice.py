"""What an outcome means and what a person can do about it, in plain words. Pure tables."""

import re

from gateway.relay.reply import enhanced_status
from gateway.relay.transport import Deferred, Delivered, Outcome, Refused, Unknown
from rules.refusals import refusal_in

# Statuses of RFC 3463 by their longest known beginning.
_ADVICE = {
    "1.1": "Check the address; it may be mistyped or no longer valid. Answer from the buyer's latest message.",
    "1.2": "Check the domain after the @; it does not exist.",
    "1.10": "This domain takes no mail. Answer on the marketplace's own message page.",
    "1": "Check the address, or answer on the marketplace's own message page.",
    "2.2": "The recipient's mailbox is full. Try again later or use another way.",
    "3.4": "Make the message smaller: fewer or smaller attachments (Amazon takes 10 MB in all).",
    "6": "Send it again as plain text without unusual formatting.",
    "7.8": "The login at the mail server failed. Ask the administrator to check user and password of the relay.",
    "7": "The other side does not accept this sender or this content. Check that the mailbox's address stands on the"
    " marketplace's list of approved senders and that the text follows its message rules; then send it again.",
}
_STATUS = re.compile(r"(?<![\w.])([245]\.\d{1,3}\.\d{1,3})(?![\w.])")
_ANYTHING = (
    "Read the answer above, mend what it names and send it again, or use the marketplace's own message page."
)


def happened(one: Outcome) -> str:
    """Say in one sentence what became of a message."""
    match one:
        case Delivered():
            return "the other server took the message."
        case Deferred():
            return "the other server could not be reached or asked us to come again, until the time was up."
        case Refused():
            return "the other server refused the message for good."
        case Unknown():
            return (
                "the connection broke after the whole message was sent. It may have arrived, or may not have."
            )


def advice_for(one: Outcome) -> str:
    """Say what a person can do now."""
    if isinstance(one, Unknown):
        return "Look on the marketplace's message page whether it is there, before you send it again."
    if isinstance(one, Deferred):
        return "Send it again later. If it is urgent, use the marketplace's own message page."
    return mend(one.reply)


def mend(said: str) -> str:
    """Say what a person can do about a refusal: by the other side's words, else by the status among them (RFC 3463)."""
    if known := refusal_in(said):
        return known.mend
    named = _STATUS.search(said)
    detail = (named[1] if named else enhanced_status(said)).partition(".")[2]
    for begun in (detail, detail.partition(".")[0]):
        if begun in _ADVICE:
            return _ADVICE[begun]
    return _ANYTHING
