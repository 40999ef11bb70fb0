"""Mail that Docket itself writes to the people who run a mailbox: a message has come, or one could not be delivered. Pure.

It says that a program wrote it and carries a mark of its own, so that nothing answers it and no notice tells of a notice
(RFC 3834 section 5).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from gateway.relay.reply import one_line

LOOP = "docket"  # the X-Loop field of our own notices: whoever forges it is not told of, and nothing else changes
_SUBJECT = 120
_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """The message a notice is about, as people see it in lists."""

    seq: int
    sender: str
    subject: str
    received_at: datetime
    marketplace: str = ""
    kind: str = ""
    orders: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """One job that ended in failure: what it was to do, for whom, and what was answered last."""

    about: About
    kind: str  # the job's
    recipients: tuple[str, ...]
    reply: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """What all notices have: who tells whom, when, and where people read messages ("" for nowhere). Its ``name`` is the same however often it is made."""

    sender: str
    to: Sequence[str]
    name: str
    hostname: str
    at: datetime
    web: str = ""


_DOING = {
    "deliver": "delivery to",
    "relay": "relay to",
    "report": "report of a failed answer to",
    "notify": "notice to",
    "returned": "notice of a returned answer to",
}


def arrival_notice(about: About, words: str, head: Letterhead) -> bytes:
    """Return the notice that a rule asked for; ``words`` are the rule's own. It quotes no text of the message."""
    lines = [one_line(words) or "A rule of yours asks to tell you of this message.", ""]
    lines += described(about, head.web)
    order = f" (order {about.orders[0]})" if about.orders else ""
    subject = f"Docket {about.seq}: {one_line(about.subject)[:_SUBJECT] or '(no subject)'}{order}"
    return notice(subject, lines, head)


def failure_notice(lost: Sequence[Lost], mailbox: str, head: Letterhead) -> bytes:
    """Return the notice that mail of a mailbox could not be handed over; ``lost`` is the newest first."""
    count = "A message" if len(lost) == 1 else f"{len(lost)} messages"
    lines = [
        f"{count} of the mailbox {mailbox} could not be handed over, and will not be tried again.",
        "Nothing is lost: each is kept in the archive and can be read there.",
    ]
    for one in lost[:_SHOWN]:
        lines += ["", *described(one.about, head.web)]
        lines.append(f"  Failed:   {_DOING.get(one.kind, one.kind)} {one_line(', '.join(one.recipients))}")
        lines.append(f"  Answer:   {one_line(one.reply)}")
    if len(lost) > _SHOWN:
        lines += ["", f"And {len(lost) - _SHOWN} more; the status page and `docket status` count them."]
    lines += [
        "",
        "What to do: run `docket doctor`. It tries each server that mail is handed to and says what to mend.",
    ]
    return notice(f"Docket: {count.lower()} could not be delivered", lines, head)


def capture_notice(subject: str, words: str, head: Letterhead) -> bytes:
    """Return the notice that a mailbox is not captured as it should be."""
    lines = [*words.splitlines(), "", "`docket status` says how each mailbox stands."]
    return notice(f"Docket: {one_line(subject)}", lines, head)


def described(about: About, web: str) -> list[str]:
    """Return the lines that say which message a notice is about, and where to read it."""
    lines = [
        f"  Message:  {about.seq}, received {about.received_at:%Y-%m-%d %H:%M} UTC",
        f"  From:     {one_line(about.sender)}",
        f"  Subject:  {one_line(about.subject)[:_SUBJECT]}",
    ]
    what = " ".join(word for word in (about.marketplace, about.kind.replace("_", " ")) if word)
    for name, value in (
        ("What:", what),
        ("Order:", ", ".join(about.orders)),
        ("Tags:", ", ".join(about.tags)),
    ):
        if value:
            lines.append(f"  {name:<9} {one_line(value)}")
    lines.append(f"  Read it:  {web}/message/{about.seq}" if web else f"  Read it:  docket show {about.seq}")
    return lines


def notice(
    subject: str, lines: Sequence[str], head: Letterhead, *, files: Sequence[tuple[str, bytes]] = ()
) -> bytes:
    """Return a notice of ours: it says that a program wrote it, and however often it is made, it arrives once."""
    mail = EmailMessage(policy=policy.SMTP)
    mail["X-Docket-ID"] = head.name
    mail["From"] = Address("Docket", addr_spec=head.sender)
    mail["To"] = ", ".join(head.to)
    mail["Subject"] = subject.replace("=?", "= ?")
    mail["Date"] = format_datetime(head.at)
    mail["Message-ID"] = f"<{head.name}@{head.hostname}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"  # the same, in the words of Exchange
    mail["X-Loop"] = LOOP
    mail.set_content("\n".join(lines) + "\n")
    for filename, data in files:
        mail.add_attachment(data, maintype="application", subtype="octet-stream", filename=filename)
    return mail.as_bytes()
