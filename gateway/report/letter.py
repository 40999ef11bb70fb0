"""The mail that brings a buyer their copy: an answer to their newest message, as an agent would write one, with the PDF attached."""

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from gateway.dossier.timeline import Timeline
from gateway.errors import WrongUse
from gateway.mail.entry import Envelope
from gateway.report.audience import Chosen, Wanted
from gateway.report.making import Made, Reporter, name_of
from gateway.report.phrases import words_in
from gateway.store.records import MessageRow

_SUBJECT = 200


def addressee(timeline: Timeline, chosen: Chosen) -> tuple[MessageRow, str]:
    """Return the newest message that surely is the buyer's, and where it is answered; raises WrongUse where there is none."""
    for letter in reversed(chosen.letters):
        row = letter.row
        address = row.alias if "@" in row.alias else next((one for _, one in row.from_), "")
        if row.direction == "inbound" and row.mailbox and address:
            return row, address
    raise WrongUse(
        f"no message that surely is the buyer's is linked to order {timeline.order.value}: there is nobody to send it to "
        "(docket review; docket link)"
    )


def others_of(timeline: Timeline, mailbox: str) -> list[str]:
    """Return the mailboxes in which mail of an order lies, beside the one that its buyer's copy is sent from."""
    return sorted({one.row.mailbox for one in timeline.letters} - {"", mailbox})


def check_sendable(reporter: Reporter, wanted: Wanted, *, across: bool) -> None:
    """Raise WrongUse where the copy cannot be sent, so that nothing is made and nothing archived of it.

    It lies in the mailbox that it is sent from, for everybody who has that one. So what lies in others is brought there by
    those alone who say that they mean it, with ``across``.
    """
    timeline, chosen = reporter.choice(wanted)
    mailbox = addressee(timeline, chosen)[0].mailbox
    if mailbox.lower() not in reporter.senders:
        raise WrongUse(
            f"the settings have no mailbox {mailbox} to send from; nothing was made and nothing sent (add it as a [[mailbox]])"
        )
    if (others := others_of(timeline, mailbox)) and not across:
        raise WrongUse(
            f"mail of this order lies in {', '.join(others)} too, and the copy of all of it would lie in {mailbox}, for "
            "everybody who has that mailbox; nothing was made and nothing sent. If you mean it, tick that box (--across-mailboxes)"
        )


def letter_of(reporter: Reporter, wanted: Wanted, made: Made, agent: str) -> tuple[bytes, Envelope]:
    """Return the mail and its envelope, to be submitted like any other; whether it leaves is for the policy to say."""
    timeline, chosen = reporter.choice(wanted)
    answered, address = addressee(timeline, chosen)
    now, sender = reporter.clock.now(), reporter.senders.get(answered.mailbox, "")
    message = EmailMessage(policy=SMTP)
    message["From"] = answered.mailbox
    message["To"] = address
    subject = " ".join("".join(one if one.isprintable() else " " for one in answered.subject).split())
    message["Subject"] = (subject if subject.lower().startswith("re:") else f"Re: {subject}")[:_SUBJECT]
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<report.{made.seq}.{made.sha256[:20]}@{answered.mailbox.rpartition('@')[2]}>"
    if answered.message_id.isascii() and answered.message_id.isprintable() and " " not in answered.message_id:
        message["In-Reply-To"] = message["References"] = f"<{answered.message_id}>"
    words = words_in(wanted.language).letter
    message.set_content(words.format(order=wanted.order.value, sender=sender).strip() + "\n")
    message.add_attachment(
        made.pdf, maintype="application", subtype="pdf", filename=name_of(wanted).replace("-buyer", "")
    )
    envelope = Envelope(
        source="submission",
        mail_from=answered.mailbox,
        rcpt_to=(address,),
        mailbox=answered.mailbox,
        agent=agent,
        received_at=now,
    )
    return message.as_bytes(), envelope
