import base64
from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Permanent
from gateway.mail.addresses import addresses
from gateway.mail.header_block import header_block_of
from gateway.mail.message import Address
from gateway.mail.rewrite import outgoing
from gateway.mail.stamp import Stamp, stamp

AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
REPLY = (
    b"Received: from annas-laptop (10.0.0.5) by mail; Mon, 23 Nov 2026 09:00:00 +0000\r\n"
    b"From: Anna Agent <anna@brand.example>\r\nTo: x7k2@marketplace.amazon.de\r\n"
    b"Subject: Re: Ihre =?utf-8?q?Gr=C3=B6=C3=9Fe?=\r\n  [#a1b2-c3d4#] \r\n"
    b"Date: Mon, 23 Nov 2026 10:00:00 +0100\r\nMessage-ID: <abc@brand.example>\r\n"
    b"In-Reply-To: <1@amazonses.example>\r\nReferences: <0@amazonses.example>\r\n\t<1@amazonses.example>\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: text/plain;\r\n charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    + "Guten Tag,\r\ndie Größe stimmt.  \r\n[#a1b2-c3d4#]\r\n\r\n".encode()
)


def sent(raw, **given):
    plain = {
        "from_address": "approved@brand.example",
        "display_name": "Brand Support",
        "trace": "01JTRACE",
        "at": AT,
    }
    return outgoing(raw, **(plain | given))


def read(raw, **given):
    return message_from_bytes(sent(raw, **given).raw, policy=policy.default)


def fields_of(raw, *names):
    return [field for name, field in header_block_of(raw).fields if name in names]


def test_a_reply_leaves_from_the_approved_sender_with_the_agent_s_traces_gone():
    assert sent(REPLY).raw == (
        b'From: "Brand Support" <approved@brand.example>\r\nX-Trace: 01JTRACE\r\n'
        + REPLY[REPLY.index(b"To: x7k2") :]
    )


def test_subject_body_and_structure_leave_as_they_are_to_the_byte():
    out = sent(REPLY)
    assert out.raw.count(b"[#a1b2-c3d4#]") == 2
    assert out.raw.endswith(header_block_of(REPLY).rest)
    kept = ("to", "subject", "date", "message-id", "in-reply-to", "references", "mime-version",
            "content-type", "content-transfer-encoding")  # fmt: skip
    assert fields_of(out.raw, *kept) == fields_of(REPLY, *kept)


def test_the_header_block_that_was_sent_is_told_exactly():
    out = sent(REPLY)
    assert out.raw == out.header_block + header_block_of(REPLY).rest


@pytest.mark.parametrize(
    "name",
    ["Sender", "Reply-To", "Received", "User-Agent", "X-Mailer", "X-Originating-IP", "X-Docket-Tags", "X-DOCKET-order",
     "Bcc", "Return-Path", "Resent-From", "Resent-Bcc", "X-Trace", "ARC-Seal", "DKIM-Signature", "Delivered-To",
     "X-MS-Exchange-Organization-AuthAs", "X-Mozilla-Status", "X-Originating-Host", "X-Forged-X-Docket-Tags",
     "Authentication-Results", "X-Google-Smtp-Source", "Disposition-Notification-To", "X-MimeOLE", "From "],
)  # fmt: skip
@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_what_tells_of_the_agent_or_of_us_does_not_leave(name, end):
    line = name.encode() + b": secret" + end + b" folded secret" + end
    assert b"secret" not in sent(line + REPLY).raw
    assert (
        b"secret" not in sent(REPLY.replace(b"\r\nMIME", b"\r\n" + line + b"MIME").replace(b"\r\n", end)).raw
    )


@pytest.mark.parametrize("name", ["X-Priority", "Importance", "Auto-Submitted", "Cc", "Content-Language"])
def test_what_the_reader_may_need_is_kept(name):
    assert read(f"{name}: kept\r\n".encode() + REPLY)[name]


def test_a_message_without_date_and_id_gets_them():
    out = read(b"To: a@b.example\r\nSubject: s\r\n\r\nhi\r\n")
    assert out["Date"].datetime == AT
    assert out["Message-ID"] == "<01jtrace@brand.example>"


@pytest.mark.parametrize(
    ("name", "shown"),
    [("Brand Support", "Brand Support"), ('The "Mug" \\ Shop, Ltd.', 'The "Mug" \\ Shop, Ltd.'), ("", ""),
     ("Großhandel Müller & Söhne Kundendienst für Österreich und die Schweiz",) * 2, ("株式会社 返品係", "株式会社 返品係"),
     ("A\r\nBcc: victim@x.example", "A Bcc: victim@x.example")],
)  # fmt: skip
def test_the_display_name_is_the_mailbox_s_own(name, shown):
    out = sent(REPLY, display_name=name).raw
    assert addresses([str(message_from_bytes(out)["From"])]) == (
        Address(name=shown, address="approved@brand.example"),
    )
    assert message_from_bytes(out)["Bcc"] is None
    assert header_block_of(out).fields[0][1].isascii()


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        (b"hello there\r\nNo: header\r\n", b"hello there\r\nNo: header\r\n"),
        (b" folded from nothing\r\n", b" folded from nothing\r\n"),
        (b"\r\nhello\r\n", b"hello\r\n"),
        (b"Subject: s\n\nhello\n", b"hello\n"),
        (b"Subject: s", b""),
        (b"From anna Mon Nov 23\r\nSubject: s\r\n\r\nhello\r\n", b"hello\r\n"),
    ],
)
def test_no_line_of_the_text_becomes_a_header_and_none_is_lost(raw, body):
    out = sent(raw).raw
    assert message_from_bytes(out).get_payload().encode().endswith(body)
    assert out.endswith(body)
    names = {name for name, _ in header_block_of(out).fields}
    assert names <= {"from", "date", "message-id", "x-trace", "subject"}


@pytest.mark.parametrize(
    "raw",
    [
        b"Subject: s\r\nDear customer\r\nNote: x\r\n\r\nhello\r\n",
        b"Subject: s\rBcc: v@x.example\r\n\r\nhello\r\n",
        b"Subject: s\r\nB\xc3\xa4d: x\r\n\r\n",
        b"a: b\r\n" * 200_001 + b"\r\nhello\r\n",
    ],
    ids=["no empty line", "bare carriage return", "8-bit name", "too many"],
)
def test_a_header_that_can_be_read_two_ways_is_refused(raw):
    with pytest.raises(Permanent, match="no header field") as refused:
        sent(raw)
    assert refused.value.reply.startswith("550 5.6.0 ")


COPY = stamp(
    REPLY,
    Stamp(id="01J", seq=7, by="docket.example", helo="a", peer="", protocol="smtp", tls="", for_="", at=AT, tags=("vip",)),
)  # fmt: skip


@pytest.mark.parametrize("encode", [bytes, base64.encodebytes], ids=["plain", "base64"])
@pytest.mark.parametrize("kind", ["message/rfc822", "application/octet-stream", "text/plain"])
def test_one_of_our_own_copies_attached_is_refused(encode, kind):
    head = f'Subject: fwd\r\nContent-Type: multipart/mixed; boundary="B"\r\n\r\n--B\r\nContent-Type: {kind}\r\n\r\n'
    with pytest.raises(Permanent, match="attach the original instead") as refused:
        sent(head.encode() + encode(COPY) + b"\r\n--B--\r\n")
    assert refused.value.reply.startswith("550 5.7.1 ")


@pytest.mark.parametrize("parts", [0, 600, 3000])
@pytest.mark.parametrize("kind", ["message/rfc822", "text/plain"])
def test_one_of_our_own_copies_is_found_behind_any_number_of_parts(parts, kind):
    hidden = COPY.replace(b"X-Docket", b"=58-Docket")
    raw = (
        b'Subject: fwd\r\nContent-Type: multipart/mixed; boundary="B"\r\n\r\n'
        + b"--B\r\n\r\nx\r\n" * parts
        + f"--B\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n".encode()
        + hidden
        + b"\r\n--B--\r\n"
    )
    with pytest.raises(Permanent, match="attach the original instead"):
        sent(raw)


def test_stamps_of_the_message_itself_only_go():
    assert sent(COPY).raw == sent(REPLY).raw


@pytest.mark.parametrize("trace", ["", "a b", "a\r\nX: y", "ä", "a" * 65])
def test_a_trace_that_could_say_something_is_no_trace(trace):
    with pytest.raises(ValueError, match="no opaque token"):
        sent(REPLY, trace=trace)


pieces = st.sampled_from(
    [b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b"From ", b"Subject: s", b"Bcc: secret", b"Received", b"X-Docket-ID", b"x"]
)  # fmt: skip


@given(raw=st.one_of(st.binary(max_size=300), st.lists(pieces, max_size=40).map(b"".join)))
def test_whatever_is_sent_has_one_sender_one_trace_and_the_same_body(raw):
    try:
        out = sent(raw)
    except Permanent:
        return
    block, before = header_block_of(out.raw), header_block_of(raw)
    names = [name for name, _ in block.fields]
    assert names.count("from") == names.count("x-trace") == 1
    assert not {"bcc", "received", "sender", "reply-to"} & set(names)
    assert not [name for name in names if name.startswith("x-docket")]
    assert block.rest in {before.rest, b"\r\n" + before.rest}
    assert block.rest.startswith((b"\r\n", b"\n"))
    assert fields_of(out.raw, "subject") == [
        field if field.endswith(b"\n") else field + b"\r\n" for field in fields_of(raw, "subject")
    ]
