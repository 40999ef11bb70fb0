"""No bytes make the parser raise, and nothing it hands out disagrees with what it listed."""

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mail.addresses import addresses
from gateway.mail.charset import decode_text
from gateway.mail.fields import date, decode_field, ids, parameters
from gateway.mail.parse import attachment, parse
from gateway.mail.text import links_of_html, text_of_html

words = st.sampled_from(
    [b"\r\n", b"\n", b"\r", b"\r\n\r\n", b" ", b"\t", b":", b";", b"=", b'"', b"<", b">", b"(", b",", b"@", b"\\", b"\x00",
     b"\xff", b"\xc3\xa9", b"From ", b"Subject: ", b"From: a@b.example\r\n", b"To: ", b"Date: ", b"--B\r\n", b"--B--\r\n",
     b'Content-Type: multipart/mixed; boundary="B"\r\n', b"Content-Type: multipart/alternative; boundary=B\r\n",
     b"Content-Type: message/rfc822\r\n", b"Content-Type: message/delivery-status\r\n", b"Content-Type: text/html\r\n",
     b"Content-Type: text/plain; charset=", b"utf-8", b"iso-2022-jp", b"utf-16", b"idna", b"Content-Transfer-Encoding: ",
     b"base64\r\n", b"quoted-printable\r\n", b"x-uuencode\r\n", b"Content-Disposition: attachment; filename*0*=", b"utf-8''%C3",
     b"QUJD", b"=?utf-8?b?w6k=?=", b"=?utf-8?q?=C3", b"?=", b"begin 644 a\n", b"end\n", b"<b>", b"</p>", b"<a href=x>",
     b"\x1b$B", b"format=flowed", b"x" * 70_000 + b"\n"]
)  # fmt: skip
mails = st.one_of(st.binary(max_size=400), st.lists(words, max_size=60).map(b"".join))
texts = st.one_of(
    st.text(max_size=200),
    st.lists(words, max_size=30).map(lambda some: b"".join(some).decode("utf-8", "surrogateescape")),
)


@given(raw=mails)
@settings(max_examples=400, deadline=None)
def test_any_bytes_are_read_and_every_listed_attachment_is_handed_out(raw):
    read = parse(raw)
    assert read.sha256 == hashlib.sha256(raw).hexdigest()
    assert len({file.part for file in read.attachments}) == len(read.attachments)
    for file in read.attachments:
        content = attachment(raw, file.part)
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (file.sha256, file.size_bytes)
    everything = [read.subject, read.text, read.html, read.message_id, *read.defects, *read.links]
    everything += [name + value for name, value in read.headers]
    everything += [one.name + one.address for one in (*read.from_, *read.to, *read.cc, *read.reply_to)]
    everything += [file.filename + file.content_type + file.content_id for file in read.attachments]
    "".join(everything).encode()  # no lone surrogate reaches an entry, an index or a page


@given(value=texts)
@settings(deadline=None)
def test_any_field_is_read(value):
    assert date(value) is None or date(value).tzinfo is not None
    assert all(
        "\n" not in part and "\x00" not in part for part in (decode_field(value), *parameters(value).values())
    )
    assert len(ids([value])) <= 1000
    assert all(one.name or one.address for one in addresses([value]))


@given(content=st.binary(max_size=200), label=texts)
@settings(deadline=None)
def test_any_bytes_are_text_under_any_label(content, label):
    text, wrong = decode_text(content, label)
    assert text.encode("utf-8").decode("utf-8") == text
    assert isinstance(wrong, str)


@given(html=texts)
@settings(deadline=None)
def test_any_html_has_text_and_links(html):
    assert "\x00" not in text_of_html(html)
    assert all(links_of_html(html))
