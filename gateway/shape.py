"""One thing's shape for another room: facts for the rules, rows for the store, documents for the index. Pure."""

from datetime import datetime
from typing import Literal

from gateway.mail.entry import Entry, Envelope
from gateway.mail.message import Address, ParsedMail
from gateway.relay.notice import LOOP
from gateway.store.findable import Findable
from gateway.store.records import AttachmentRow, MessageRow
from index.analyzer import Analysis
from index.document import Document
from rules.facts import AttachmentFact, Authentic, Facts

# Only A to Z: str.lower would turn a Kelvin sign into a "k", and so a stranger's domain into a marketplace's.
_ASCII_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_PAGE = "\n\f\n"
_OUTBOUND = frozenset({"mail.out", "mail.held", "mail.refused"})


def is_outbound(type_: str) -> bool:
    return type_ in _OUTBOUND


def facts_of(
    mail: ParsedMail, envelope: Envelope, *, outbound: bool, authentic: Authentic | None = None
) -> Facts:
    """Say what the rules may look at."""
    occurred_at, _ = occurred(mail, envelope)
    written = mail.date or occurred_at  # taken in years later, a message is as old as it was when it came
    return Facts(
        direction="outbound" if outbound else "inbound",
        mailbox=envelope.mailbox,
        agent=envelope.agent,
        trusted=envelope.trusted,
        authentic=authentic or Authentic(),
        errand=bool(envelope.acts),
        historical=envelope.is_history,
        mail_from=envelope.mail_from.lower(),
        null_sender=envelope.source in {"smtp", "lmtp"} and not envelope.mail_from,
        rcpt_to=_lower(envelope.rcpt_to),
        from_=_bare(mail.from_),
        from_name=mail.from_[0].name if mail.from_ else "",
        to=_bare(mail.to),
        cc=_bare(mail.cc),
        reply_to=_bare(mail.reply_to),
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        links=mail.links,
        headers=mail.headers,
        attachments=tuple(
            AttachmentFact(
                filename=file.filename,
                content_type=file.content_type,
                size_bytes=file.size_bytes,
                sha256=file.sha256,
                text=file.text,
                barcodes=file.barcodes,
            )
            for file in mail.attachments
        ),
        message_id=mail.message_id,
        in_reply_to=mail.in_reply_to,
        references=mail.references,
        attached_ids=mail.attached_ids,
        size_bytes=mail.size_bytes,
        occurred_at=occurred_at,
        age_s=max(0.0, (occurred_at - written).total_seconds()),
    )


def is_automatic(mail: ParsedMail, envelope: Envelope) -> bool:
    """Say whether a message answers or repeats mail of ours without a person: a bounce, an absence note, our own notice.

    What marketplaces' programs send by themselves is none of these (RFC 3834 section 5 calls it auto-generated).
    """
    wire = envelope.source in {"smtp", "lmtp"}
    return (
        (wire and not envelope.mail_from)
        or (
            not wire and mail.header("return-path").strip() == "<>"
        )  # as the server that took it in wrote it down
        or mail.header("auto-submitted").lower().startswith("auto-replied")
        or mail.header("x-loop").strip() == LOOP
    )


def refers_to(mail: ParsedMail) -> tuple[str, ...]:
    """Return the ids a message answers, the nearest first: In-Reply-To, then References from its end.

    A report (RFC 6522) answers the message that it returns.
    """
    returned = mail.attached_ids if "multipart/report" in mail.header("content-type").lower() else ()
    return tuple(dict.fromkeys((*returned, *mail.in_reply_to, *reversed(mail.references))))


def occurred(mail: ParsedMail, envelope: Envelope) -> tuple[datetime, str]:
    """Return when a message came to be and how we know: our receipt, else the best claim that history offers."""
    if not envelope.is_copy:
        return envelope.received_at, envelope.occurred_from
    if envelope.occurred_at is not None and envelope.occurred_from == "internaldate":
        return envelope.occurred_at, "internaldate"
    if mail.received_trace is not None:
        return mail.received_trace, "received"
    if mail.date is not None:
        return mail.date, "date"
    if envelope.occurred_at is not None:
        return envelope.occurred_at, envelope.occurred_from
    return envelope.received_at, "import"


def search_text_of(mail: ParsedMail) -> str:
    """Return what is searched of a message: its text, then what each attachment says, behind a page break."""
    said = (file.text or "\n".join(text for _, text in file.barcodes) for file in mail.attachments)
    return _PAGE.join([mail.text, *(text for text in said if text)])


def own_text(text: str) -> str:
    """Return a message's own text out of what is searched of it."""
    return text.partition(_PAGE)[0]


def row_of(
    entry: Entry, envelope: Envelope, mail: ParsedMail, *, sealed_text: bytes, twin: bytes
) -> MessageRow:
    """Return the line the store keeps of an archived message."""
    occurred_at, occurred_from = occurred(mail, envelope)
    return MessageRow(
        seq=entry.seq,
        type=entry.type,
        id=entry.id,
        direction="outbound" if is_outbound(entry.type) else "inbound",
        source=envelope.source,
        mailbox=envelope.mailbox,
        agent=envelope.agent,
        received_at=envelope.received_at,
        occurred_at=occurred_at,
        occurred_from=occurred_from,
        from_=_pairs(mail.from_),
        to=_pairs(mail.to),
        cc=_pairs(mail.cc),
        subject=mail.subject,
        message_id=mail.message_id,
        refers_to=refers_to(mail),
        size_bytes=mail.size_bytes,
        sha256=mail.sha256,
        twin=twin,
        attachments=tuple(
            AttachmentRow(
                part=file.part,
                filename=file.filename,
                content_type=file.content_type,
                size_bytes=file.size_bytes,
                sha256=file.sha256,
                content_id=file.content_id,
                inline=file.inline,
            )
            for file in mail.attachments
        ),
        defects=mail.defects,
        sealed_text=sealed_text,
    )


def document_of(
    row: Findable, analysis: Analysis, exact: tuple[str, ...] = (), authentic: Authentic | None = None
) -> Document:
    """Return the document the index keeps of a message, with its text as the words it is found by.

    ``exact`` are products and parcels found in it, ``authentic`` is what was found about its sender.
    """
    return Document(
        seq=row.seq,
        at=row.occurred_at,
        direction=row.direction,
        mailbox=row.mailbox,
        agent=row.agent,
        marketplace=row.marketplace,
        kind=row.kind,
        authenticity=_word_of(authentic) if row.type == "mail.in" else "",
        from_=row.from_,
        to=row.to,
        subject=row.subject,
        analysis=analysis,
        orders=row.orders,
        confidences=row.confidences,
        asks=row.asks,
        exact=(*exact, *((row.message_id,) if row.message_id else ())),
        tags=row.tags,
        filenames=row.filenames,
    )


def _word_of(authentic: Authentic | None) -> Literal["pass", "fail", "none", "unchecked"]:
    """Return how a sender's findings are searched for: by what they come to."""
    match "" if authentic is None else authentic.result:
        case "pass":
            return "pass"
        case "fail" | "permerror":
            return "fail"
        case "none":
            return "none"
        case _:
            return "unchecked"


def _lower(addresses: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(address.translate(_ASCII_LOWER) for address in addresses)


def _bare(addresses: tuple[Address, ...]) -> tuple[str, ...]:
    return _lower(tuple(one.address for one in addresses if one.address))


def _pairs(addresses: tuple[Address, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((one.name, one.address) for one in addresses)
