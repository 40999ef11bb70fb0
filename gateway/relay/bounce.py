"""Reports to an agent whose message did not arrive, or not yet: plain words first, then what programs read (RFC 3464).

A report travels with the null sender and says that a program wrote it, so that no report answers a report
(RFC 3461 section 6.1, RFC 3834 section 5).
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from email import policy
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.parser import HeaderParser
from email.utils import format_datetime

from gateway.relay.advice import advice_for, happened
from gateway.relay.reply import enhanced_status, is_ours, one_line
from gateway.relay.transport import Outcome

_HEADER_BYTES = 64 * 1024
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{3,200}>")
_END_OF_HEADER = re.compile(rb"\r?\n\r?\n")


def failure_report(
    *,
    original: bytes,
    reporting_mta: str,
    sender: str,
    to: str,
    outcomes: Sequence[Outcome],
    arrived_at: datetime,
    at: datetime,
    trace: str,
    envelope_id: str = "",
) -> bytes:
    """Return the report that a message will not be tried again, with CRLF line ends.

    ``sender`` and ``to`` are addresses; ``outcomes`` are the last ones of the recipients who did not get it.
    """
    return _report(
        "failed",
        original,
        (reporting_mta, sender, to, trace, envelope_id),
        outcomes,
        (arrived_at, at, None),
    )


def delay_report(
    *,
    original: bytes,
    reporting_mta: str,
    sender: str,
    to: str,
    outcomes: Sequence[Outcome],
    arrived_at: datetime,
    at: datetime,
    until: datetime,
    trace: str,
    envelope_id: str = "",
) -> bytes:
    """Return the report that a message has not arrived yet and will be tried again until ``until``."""
    return _report(
        "delayed",
        original,
        (reporting_mta, sender, to, trace, envelope_id),
        outcomes,
        (arrived_at, at, until),
    )


def _report(
    action: str,
    original: bytes,
    names: tuple[str, str, str, str, str],
    outcomes: Sequence[Outcome],
    times: tuple[datetime, datetime, datetime | None],
) -> bytes:
    reporting_mta, sender, to, trace, envelope_id = names
    arrived_at, at, until = times
    block = _header_block(original)
    told = HeaderParser().parsestr(block.decode("utf-8", "replace"))
    subject = _subject(told)
    # One report for each set of outcomes, however often it is made: the name is what keeps it from arriving twice.
    digest = hashlib.sha256(
        repr((action, [(one.recipients, one.reply) for one in outcomes])).encode()
    ).hexdigest()
    name = f"{_atom(trace)}-{action}-{digest[:16]}"

    report = EmailMessage(policy=policy.SMTP)
    report["X-Docket-ID"] = name
    report["From"] = f"Docket <{sender}>"
    report["To"] = to
    state = "Not delivered" if action == "failed" else "Not delivered yet"
    report["Subject"] = f"{state}: {subject}"
    report["Date"] = format_datetime(at)
    report["Message-ID"] = f"<{name}@{reporting_mta}>"
    message_id = _MESSAGE_ID.search(told.get("Message-ID", ""))
    if message_id and "=?" not in message_id.group():  # the library would decode it, line ends and all
        report["In-Reply-To"] = message_id.group()
    report["Auto-Submitted"] = "auto-replied"  # RFC 3834 section 5
    report["MIME-Version"] = "1.0"
    report["Content-Type"] = 'multipart/report; report-type="delivery-status"'  # RFC 6522

    words = EmailMessage(policy=policy.SMTP)
    words.set_content(_plain_words(action, outcomes, subject, arrived_at, until))
    fields = EmailMessage(policy=policy.SMTP)
    fields.set_content(block.decode("utf-8", "replace").replace("\r\n", "\n"), subtype="rfc822-headers")
    del fields["MIME-Version"]
    del words["MIME-Version"]
    machine = _status_part(action, outcomes, reporting_mta, envelope_id, arrived_at, until)
    report.set_payload([words, machine, fields])
    return report.as_bytes()


def _plain_words(
    action: str, outcomes: Sequence[Outcome], subject: str, arrived_at: datetime, until: datetime | None
) -> str:
    ended = "did not reach" if action == "failed" else "has not reached yet"
    lines = [f'Your message "{subject}" of {arrived_at:%Y-%m-%d %H:%M} UTC {ended}:']
    for one in outcomes:
        lines.extend(
            ["", *(f"  {address}" for address in one.recipients), "", f"  What happened: {happened(one)}"]
        )
        lines.append(f"  The answer was: {one_line(one.reply)}")
        if until is None:
            lines.append(f"  What to do: {advice_for(one)}")
    if until is not None:
        lines.extend(
            ["", f"Nothing needs to be done now: it is tried again until {until:%Y-%m-%d %H:%M} UTC."]
        )
        lines.append("If it is urgent, answer on the marketplace's own message page.")
    else:
        lines.extend(["", "It is not tried again. The message itself is kept in the archive."])
    return "\n".join(lines) + "\n"


def _status_part(
    action: str,
    outcomes: Sequence[Outcome],
    reporting_mta: str,
    envelope_id: str,
    arrived_at: datetime,
    until: datetime | None,
) -> Message:
    """Return the message/delivery-status part: one group of fields, then one for each recipient (RFC 3464 section 2)."""
    part = Message()
    part["Content-Type"] = "message/delivery-status"
    part.set_payload(
        [
            _fields(
                ("Original-Envelope-Id", envelope_id),
                ("Reporting-MTA", f"dns; {reporting_mta}"),
                ("Arrival-Date", format_datetime(arrived_at)),
            ),
            *(
                _fields(
                    ("Final-Recipient", _typed(address)),
                    ("Action", action),
                    ("Status", _status(one)),
                    ("Remote-MTA", f"dns; {one.remote.rpartition(':')[0]}" if one.remote else ""),
                    (
                        "Diagnostic-Code",
                        f"{'x-docket' if is_ours(one.reply) else 'smtp'}; {_ascii(one.reply)}",
                    ),
                    ("Will-Retry-Until", format_datetime(until) if until else ""),
                )
                for one in outcomes
                for address in one.recipients
            ),
        ]
    )
    return part


def _fields(pairs_first: tuple[str, str], *pairs: tuple[str, str]) -> Message:
    group = Message(policy=policy.compat32)
    for name, value in (pairs_first, *pairs):
        if value:
            group[name] = one_line(value)
    return group


def _status(one: Outcome) -> str:
    """Return the enhanced status; an unclear end counts as a passing fault, whatever its last reply said."""
    status = enhanced_status(one.reply)
    return "4.0.0" if status.startswith("2") else status


def _typed(address: str) -> str:
    """Return an address with its type; outside ASCII it is written as RFC 6533 section 3 says."""
    if address.isascii():
        return f"rfc822; {one_line(address)}"
    return "utf-8; " + "".join(ch if ch.isascii() else f"\\x{{{ord(ch):X}}}" for ch in address)


def _header_block(original: bytes) -> bytes:
    end = _END_OF_HEADER.search(original, 0, _HEADER_BYTES)
    return original[: end.start() if end else _HEADER_BYTES] + b"\r\n"


def _subject(told: Message) -> str:
    """Return the subject as people read it, on one line; what hides line ends or more fields in it is disarmed."""
    written = str(told.get("Subject", ""))
    try:
        written = str(make_header(decode_header(written)))
    except (MessageError, ValueError, LookupError):
        written = one_line(written)
    return one_line(written)[:120].replace("=?", "= ?") or "(no subject)"


def _ascii(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode("ascii")


def _atom(text: str) -> str:
    return "".join(_safe(text))


def _safe(text: str) -> Iterable[str]:
    return (ch for ch in text if ch.isascii() and (ch.isalnum() or ch in "-_"))
