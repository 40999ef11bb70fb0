"""3,250 real mails that no marketplace sent: what is found in them is wrong."""

import email
import email.utils
import re

from rules.facts import AttachmentFact, Facts
from rules.read import read


def _facts(raw: bytes) -> Facts:
    """Roughly what the mail package makes of a message; the rules are a lower floor and cannot ask it."""
    message = email.message_from_bytes(raw)
    text = html = ""
    files = []
    for part in message.walk():
        if part.is_multipart():
            continue
        body = part.get_payload(decode=True) or b""
        charset = part.get_content_charset() or "latin-1"
        try:
            decoded = body.decode(charset, "replace")
        except LookupError:
            decoded = body.decode("latin-1")
        if part.get_content_type() == "text/html":
            html += decoded
        elif part.get_content_maintype() == "text":
            text += decoded
        elif part.get_filename():
            files.append(
                AttachmentFact(filename=str(part.get_filename()), content_type="", size_bytes=1, sha256="")
            )
    headers = tuple((name, str(value)) for name, value in message.items())

    def addresses(name):
        values = [value for header, value in headers if header.lower() == name]
        return tuple(address.lower() for _, address in email.utils.getaddresses(values) if address)

    return Facts(
        direction="inbound",
        from_=addresses("from"),
        reply_to=addresses("reply-to"),
        subject=str(message.get("subject", "")),
        text=text or re.sub("<[^>]+>", " ", html),
        html=html,
        links=tuple(re.findall(r'href="?([^" >]+)', html)),
        headers=headers,
        attachments=tuple(files),
    )


def test_other_peoples_mail_holds_no_orders(shared_data, marketplaces):
    possible, surer, parcels, aliases, count = [], [], [], [], 0
    for path in sorted((shared_data / "mail").rglob("*.eml")):
        count += 1
        reading = read(_facts(path.read_bytes()), marketplaces)
        for found in reading.orders:
            (possible if found.confidence == "possible" else surer).append((path.name[:5], found.order.value))
        parcels.extend(reading.parcels)
        if reading.alias:
            aliases.append(path.name)
    print(f"{count} mails: {len(surer)} certain or likely, {len(possible)} possible, {len(parcels)} parcels")
    assert count == 3250
    assert surer == []
    assert parcels == []
    assert aliases == []
    assert possible == []
