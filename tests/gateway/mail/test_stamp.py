import base64
import re
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.header_block import header_block_of
from gateway.mail.stamp import Stamp, forged, has_our_stamps, stamp

AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
MAIL = (
    b"From: Jane <x7k2@marketplace.amazon.de>\r\nTo: support@brand.example\r\n"
    b"Subject: =?utf-8?q?Gr=C3=B6=C3=9Fe?=\r\n of a folded  subject\r\nDate: Mon, 23 Nov 2026 09:00:00 +0000\r\n"
    b"Message-ID: <1@amazonses.example>\r\n\r\nThe  mug \t\r\nis chipped. \r\n\r\n\r\n"
)


def ours(**given):
    plain = {
        "id": "01JDCKET", "seq": 7, "by": "docket.example", "helo": "mx.amazonses.example", "peer": "192.0.2.7:4711",
        "protocol": "smtp", "tls": "TLSv1.3", "for_": "support@brand.example", "at": AT,
    }  # fmt: skip
    return Stamp(**(plain | given))


FULL = ours(
    orders=(("112-1234567-1234567", "certain", "stated"), ("303-7654321-7654321", "possible", "rule")),
    tags=("claim", "Größe", "返品"),
    marketplace="amazon",
)


def added(raw, made):
    """The stamps alone, as a mail client decodes them."""
    copy = stamp(raw, made)
    return message_from_bytes(copy[: len(copy) - len(raw)] + b"\r\n", policy=policy.default)


def test_the_stamps_say_how_a_message_came_and_what_is_known_of_it():
    read = added(MAIL, FULL)
    assert [name for name, _ in read.items()] == [
        "Received", "X-Docket-ID", "X-Docket-Marketplace", "X-Docket-Order", "X-Docket-Order", "X-Docket-Tags",
    ]  # fmt: skip
    assert " ".join(read["Received"].split()) == (
        "from mx.amazonses.example (192.0.2.7:4711) by docket.example with ESMTPS id 01JDCKET"
        " for <support@brand.example>; Mon, 23 Nov 2026 09:30:00 +0000"
    )
    assert read["X-Docket-ID"] == "01JDCKET; seq=7"
    assert read.get_all("X-Docket-Order") == [
        "112-1234567-1234567; confidence=certain; method=stated",
        "303-7654321-7654321; confidence=possible; method=rule",
    ]
    assert read["X-Docket-Tags"] == "claim, Größe, 返品"


@pytest.mark.parametrize(
    ("source", "tls", "said"),
    [("smtp", "", "ESMTP"), ("smtp", "TLSv1.2", "ESMTPS"), ("lmtp", "", "LMTP"), ("submission", "TLSv1.3", "ESMTPSA"),
     ("imap", "", "ESMTP")],
)  # fmt: skip
def test_the_trace_field_names_the_protocol(source, tls, said):
    assert f" with {said} id " in added(MAIL, ours(protocol=source, tls=tls))["Received"]


lines = st.sampled_from(
    [b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b"From ", b"Subject: s", b"X-Docket-ID", b"x"]
)
hostile = st.one_of(st.binary(max_size=300), st.lists(lines, max_size=40).map(b"".join))


@given(raw=hostile)
def test_the_header_block_puts_together_what_it_took_apart(raw):
    assert header_block_of(raw).joined() == raw


@given(raw=hostile)
def test_nothing_but_our_fields_is_added_to_a_message_that_forges_none(raw):
    copy = stamp(raw, FULL)
    if forged(raw):
        assert raw[-1:] == copy[-1:]
    elif header_block_of(raw).before:
        assert copy.endswith(b"X-Mbox-Postmark: " + raw)
    else:
        assert copy.endswith(raw)


@given(
    helo=st.text(max_size=400), peer=st.text(max_size=40), to=st.text(max_size=400),
    tags=st.lists(st.text(max_size=1200), max_size=4).map(tuple), order=st.text(max_size=60),
)  # fmt: skip
def test_no_stranger_s_word_writes_a_field_or_a_line_that_is_too_long(helo, peer, to, tags, order):
    made = ours(helo=helo, peer=peer, for_=to, tags=tags, orders=((order, "possible", "stated"),), tls="")
    copy = stamp(MAIL, made)
    assert copy.endswith(MAIL)
    prefix = copy[: -len(MAIL)]
    assert prefix.isascii()
    assert prefix.endswith(b"\r\n")
    assert all(len(line) <= 998 for line in prefix.split(b"\r\n"))
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n|\x00", prefix)
    names = [name for name, _ in header_block_of(prefix).fields]
    assert [name for name in names if name != "x-docket-tags"] == [
        "received",
        "x-docket-id",
        "x-docket-order",
    ]


def test_a_name_that_imitates_our_trace_field_stays_one_word():
    lie = ours(helo="a by docket.example with ESMTPS id 9; Mon, 1 Jan 2001 00:00:00 +0000", for_="a@b> (x")
    said = stamp(MAIL, lie).decode()
    assert said.startswith("Received: from a?by?docket.example?with?")
    assert said.count(" by docket.example") + said.count("\tby docket.example") == 1


def test_many_tags_are_folded_and_none_is_left_out():
    tags = tuple(f"tag-number-{n}" for n in range(200))
    copy = stamp(MAIL, ours(tags=tags))
    assert all(len(line) <= 78 for line in copy[: -len(MAIL)].split(b"\r\n"))
    assert added(MAIL, ours(tags=tags))["X-Docket-Tags"] == ", ".join(tags)


@pytest.mark.parametrize(
    "name", [b"X-Docket-Tags", b"x-docket-ORDER", b"X-Docket-Forged", b"X-Docket-Anything "]
)
def test_a_forged_field_is_renamed_in_the_copy(name):
    copy = stamp(name + b": claim\r\n" + MAIL, ours())
    assert copy.endswith(b"X-Forged-" + name + b": claim\r\n" + MAIL)
    assert forged(copy) == ("x-docket-id",)


def test_a_forged_field_that_a_signature_covers_stays_below_ours_and_is_named():
    raw = (
        b"DKIM-Signature: v=1; bh=h=x-docket-id; h=From:\r\n X-Docket-Tags ; b=x\r\nX-Docket-Tags: vip\r\n"
        b"X-Docket-ID: 9\r\n" + MAIL
    )
    read = message_from_bytes(stamp(raw, ours(tags=("claim",))))
    assert read.get_all("X-Docket-Tags") == ["claim", "vip"]
    assert read["X-Docket-Forged"] == "x-docket-tags"
    assert (read.get_all("X-Docket-ID"), read["X-Forged-X-Docket-ID"]) == (["01JDCKET; seq=7"], "9")


@pytest.mark.parametrize(
    "mark", [b"From jane@x.example Mon Nov 23 09:00:00 2026\n", b">From jane\r\n", b"From x"]
)
def test_a_postmark_line_is_kept_as_a_field(mark):
    raw = mark + (MAIL if mark.endswith(b"\n") else b"")
    copy = stamp(raw, ours())
    assert copy.endswith(b"X-Mbox-Postmark: " + raw)
    assert message_from_bytes(copy)["X-Docket-ID"] == "01JDCKET; seq=7"


FOUND = ("dkim=pass header.d=amazon.de header.s=s1", "dmarc=pass header.from=marketplace.amazon.de")


def test_what_was_found_about_the_sender_stands_above_all_else_under_our_name():
    copy = stamp(MAIL, ours(results=FOUND, authserv="docket.example"))
    assert copy.startswith(
        b"Authentication-Results: docket.example;\r\n\tdkim=pass header.d=amazon.de header.s=s1;\r\n"
        b"\tdmarc=pass header.from=marketplace.amazon.de\r\nReceived: "
    )
    assert copy.endswith(MAIL)


@pytest.mark.parametrize(
    ("value", "is_ours"),
    [
        (b"docket.example; dkim=pass header.d=amazon.de", True),
        (b"\r\n DOCKET.Example 1;\r\n dkim=pass", True),
        (b'"docket.example"; dkim=pass', True),
        (b'"docket\\.example"; dkim=pass', True),
        (b"(a;b) docket.example (c) ; dkim=pass", True),
        (b"docket.example", True),
        (b"(" + b"x" * 40_000 + b") docket.example; dkim=pass", True),
        (b"mx.other.example; spf=pass smtp.helo=docket.example", False),
        (b"not.docket.example; dkim=pass", False),
        (b"mx.other.example (docket.example); dkim=pass", False),
    ],
)
def test_findings_that_a_stranger_wrote_under_our_name_are_renamed(value, is_ours):
    line = b"Authentication-Results:" + value + b"\r\n"
    copy = stamp(line + MAIL, ours(results=FOUND, authserv="docket.example"))
    assert copy.endswith((b"X-Forged-" if is_ours else b"\r\n") + line + MAIL)
    trusting = stamp(line + MAIL, ours(results=FOUND))  # the server before us has our own name
    assert trusting.endswith(b"\r\n" + line + MAIL)


@pytest.mark.parametrize(("results", "said"), [(FOUND, "dkim=pass"), ((), "none")])
def test_forged_findings_that_a_signature_covers_stay_below_ours_and_are_named(results, said):
    raw = (
        b"DKIM-Signature: v=1; h=From:Authentication-Results; b=x\r\n"
        b"Authentication-Results: docket.example; dmarc=pass\r\n" + MAIL
    )
    read = message_from_bytes(stamp(raw, ours(results=results, authserv="docket.example")))
    ours_, forgery = read.get_all("Authentication-Results")
    assert ours_.split()[1] == said
    assert forgery == "docket.example; dmarc=pass"
    assert read["X-Docket-Forged"] == "authentication-results"


ATTACHED = stamp(MAIL, FULL)


@pytest.mark.parametrize("before", range(3))
@pytest.mark.parametrize("width", [76, 64, 60, 1000])
def test_our_stamps_are_seen_in_an_attached_message_that_is_encoded(before, width):
    text = base64.b64encode(b"x" * before + ATTACHED)
    wrapped = b"\r\n".join(text[at : at + width] for at in range(0, len(text), width))
    part = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + wrapped
    raw = b'Content-Type: multipart/mixed; boundary="B"\r\n\r\n--B\r\n' + part + b"\r\n--B--\r\n"
    assert has_our_stamps(raw)


@pytest.mark.parametrize(
    ("raw", "are_ours"),
    [
        (ATTACHED, True),
        (b"--B\r\nContent-Type: message/rfc822\r\n\r\n" + ATTACHED, True),
        (b"\r\nX-DOCKET-TAGS : claim\r\n", True),
        (b"Subject: x\rX-Docket-ID: 1\r", True),
        (MAIL, False),
        (b"Subject: our X-Docket-ID: field\r\n\r\nfilter for X-Docket-Tags: please\r\n", False),
        (base64.encodebytes(MAIL * 50), False),
        (b"", False),
    ],
)
def test_our_stamps_are_told_from_words_about_them(raw, are_ours):
    assert has_our_stamps(raw) is are_ours


KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
)
PUBLIC = base64.b64encode(
    KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
)
BASIC = [b"from", b"to", b"subject", b"date", b"message-id"]


def signed(raw, *, headers, canonicalize):
    signer = dkim.DKIM(raw)
    signer.should_not_sign.discard(b"received")  # some senders do
    return (
        signer.sign(b"s1", b"amazon.example", PRIVATE, include_headers=headers, canonicalize=canonicalize)
        + raw
    )


def verifies(raw):
    return dkim.verify(raw, dnsfunc=lambda name, timeout=5: b"v=DKIM1; k=rsa; p=" + PUBLIC)


@pytest.mark.parametrize("head", [b"relaxed", b"simple"])
@pytest.mark.parametrize("body", [b"relaxed", b"simple"])
@pytest.mark.parametrize(
    ("headers", "forgery"),
    [
        (BASIC, b""),
        (BASIC * 2 + [b"cc", b"reply-to"], b""),  # oversigned: none may be added
        (BASIC, b"X-Docket-Tags: vip\r\n"),  # not covered: renamed
        ([*BASIC, b"x-docket-tags"], b"X-Docket-Tags:  vip \r\n"),  # covered: left
        (BASIC, b"Authentication-Results: docket.example; dkim=pass\r\n"),
        ([*BASIC, b"authentication-results"], b"Authentication-Results:  docket.example; dkim=pass \r\n"),
        ([*BASIC, b"received"], b"Received: from a by b; Mon, 23 Nov 2026 09:00:00 +0000\r\n"),
    ],
    ids=[
        "plain",
        "oversigned",
        "forged",
        "forged-and-signed",
        "results",
        "results-signed",
        "received-signed",
    ],
)
def test_a_signature_that_verifies_before_verifies_after(head, body, headers, forgery):
    raw = signed(forgery + MAIL, headers=headers, canonicalize=(head, body))
    copy = stamp(raw, replace(FULL, results=FOUND, authserv="docket.example"))
    assert verifies(raw)
    assert verifies(copy)
    assert not verifies(copy.replace(b"chipped", b"perfect"))
    assert header_block_of(copy).rest == header_block_of(raw).rest
