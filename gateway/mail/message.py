"""What a mail says, as plain values: addresses, text, attachments, defects."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One mailbox of RFC 5322 section 3.4; ``address`` keeps the sender's spelling, ``name`` is decoded."""

    name: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One attached file; ``part`` is its IMAP-style section number (``2.1``), the handle to fetch its bytes."""

    part: str
    filename: str
    content_type: str  # what its first bytes say, else what the sender claims
    size_bytes: int
    sha256: str
    content_id: str = ""
    inline: bool = False
    text: str = ""  # what it says, where somebody has opened it (gateway/extraction.py)
    barcodes: tuple[tuple[str, str], ...] = ()  # (symbology, what it says), likewise


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedMail:
    """What could be read of one message; whatever could not is named in ``defects``, never raised."""

    sha256: str
    size_bytes: int
    subject: str = ""
    date: datetime | None = None  # the Date field, in UTC; the sender's claim
    received_trace: datetime | None = None  # the topmost readable Received field's time, in UTC
    message_id: str = ""  # without angle brackets, as every id here
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    from_: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    headers: tuple[
        tuple[str, str], ...
    ] = ()  # every field in order, name as written, value decoded and unfolded
    text: str = ""  # the best readable text: text/plain, else text made from HTML; nested messages appended
    html: str = ""  # the first HTML body, decoded, NOT sanitised
    links: tuple[str, ...] = ()  # targets of links in the HTML, in order
    attachments: tuple[Attachment, ...] = ()
    attached_ids: tuple[str, ...] = ()  # the Message-IDs of messages attached to it
    defects: tuple[str, ...] = ()

    def header(self, name: str) -> str:
        """Return the first field of that name, or an empty string."""
        wanted = name.lower()
        return next((value for field, value in self.headers if field.lower() == wanted), "")
