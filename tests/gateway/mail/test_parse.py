"""Strangers' mail, as tables: what stands in it, and what must be read of it."""

import base64
import hashlib
import quopri

import pytest

from gateway.errors import Permanent
from gateway.mail.parse import attachment, parse

HEADER = b"From: Jane <jane@example.com>\r\nTo: support@brand.example\r\nSubject: s\r\n"


def mail(content, kind="text/plain", encoding=""):
    cte = f"Content-Transfer-Encoding: {encoding}\r\n" if encoding else ""
    return HEADER + f"Content-Type: {kind}\r\n{cte}\r\n".encode() + content


def parts(*blocks, kind="mixed", preamble=b"", epilogue=b"", close=True):
    body = preamble + b"".join(b"--B\r\n" + block + b"\r\n" for block in blocks)
    return (
        HEADER
        + f'Content-Type: multipart/{kind}; boundary="B"\r\n\r\n'.encode()
        + body
        + (b"--B--\r\n" * close)
        + epilogue
    )


def part(content, kind="text/plain", **fields):
    lines = [
        f"Content-Type: {kind}",
        *(f"{name.replace('_', '-')}: {value}" for name, value in fields.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def base64_of(content):
    return base64.encodebytes(content).replace(b"\n", b"\r\n")


TEXTS = {
    "iso-2022-jp": mail("届きません".encode("iso2022_jp"), "text/plain; charset=iso-2022-jp", "7bit"),
    "iso-2022-jp with vendors' signs": mail(b"\x1b$B-!FO$-$^$;$s\x1b(B", "text/plain; charset=ISO-2022-JP"),
    "iso-2022-jp without a label": mail("届きません".encode("iso2022_jp")),
    "utf-7": mail("届きません".encode("utf-7"), "text/plain; charset=utf-7"),
    "us-ascii with UTF-8": mail("届きません".encode(), "text/plain; charset=us-ascii"),
    "no label with UTF-8": mail("届きません".encode()),
    "gb18030 named gb2312": mail("届きません㐀".encode("gb18030"), "text/plain; charset=gb2312"),
    "shift_jis": mail("届きません".encode("cp932"), "text/plain; charset=Shift_JIS"),
    "euc-jp": mail("届きません".encode("euc_jp"), "text/plain; charset=euc-jp"),
    "an unknown charset": mail("届きません".encode(), "text/plain; charset=x-strange"),
    "a charset that is no text codec": mail("届きません".encode(), "text/plain; charset=zlib"),
    "a charset in quotation marks": mail("届きません".encode("cp932"), "text/plain; charset=\"'shift_jis'\""),
    "HTML with its charset in a meta tag": mail(
        '<html><meta charset="shift_jis"><p>届きません'.encode("cp932"), "text/html"
    ),
    "HTML in UTF-16": mail("\ufeff<p>届きません".encode("utf-16-le"), "text/html"),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_text_is_read_whatever_its_charset_is_called(name):
    assert "届きません" in parse(TEXTS[name]).text


@pytest.mark.parametrize(
    ("label", "content", "text"),
    [
        ("iso-8859-1", b"\x80 5 \x96 \x93x\x94", "€ 5 – “x”"),
        ("us-ascii", "Größe".encode("latin-1"), "Größe"),
        ("ks_c_5601-1987", "배송 문의 똠".encode("cp949"), "배송 문의 똠"),
        ("gb2312", "订单退款 朱镕基".encode("gb18030"), "订单退款 朱镕基"),
        ("utf-8", "Größe".encode("latin-1") + b" ok" * 20, "Gr\ufffd\ufffde" + " ok" * 20),
        ("utf-8", b"\xff\xfe\xfd\xfc", "ÿþýü"),
        ("windows-1252", b"a\x81b", "a\\x81b"),
    ],
)
def test_a_label_means_what_its_senders_mean(label, content, text):
    assert parse(mail(content, f"text/plain; charset={label}", "8bit")).text == text


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("base64 ", base64_of(b"the words")),
        ("BASE64", base64_of(b"the words").rstrip(b"=\r\n")),
        ("base64", b"dGhl*IHdv\r\n%%cmRz"),
        ("base64", b"dGhlIHdvcmRz4"),
        ("base64", b"dGhlIA==\r\nd29yZHM=\r\n"),
        ("base64", b"the words were never encoded at all, whatever the field says\r\n"),
        ("base64", base64_of(b"begins.") + b"\r\n____\r\nthe words of a list's footer\r\n"),
        ("quoted-printable", quopri.encodestring("the words €".encode())),
        ("quoted-printable", b"the=20word=\r\ns =ZZ =\r\n"),
        ("quoted printable", b"the=20words"),
        ('"quoted-printable"; x', b"the=20words"),
        ("7-bit", b"the words"),
        ("x-strange", b"the words"),
        ("x-uuencode", b"begin 644 a.txt\r\n)=&AE('=O<F1S\r\n`\r\nend\r\n"),
    ],
)
def test_transfer_encodings_are_undone_with_the_mistakes_senders_make(encoding, content):
    assert "the words" in parse(mail(content, encoding=encoding)).text


SHAPES = {
    "bare carriage returns": mail(b"the words\r\nmore").replace(b"\r\n", b"\r"),
    "bare line feeds": mail(b"the words").replace(b"\r\n", b"\n"),
    "no header": b"the words\r\nof one who knows no header\r\n",
    "a byte order mark": b"\xef\xbb\xbf" + mail(b"the words"),
    "a postmark": b"From jane@example.com Mon Nov 23 09:00:00 2026\r\n" + mail(b"the words"),
    "a quoted postmark": b">From jane@example.com Mon Nov 23 09:00:00 2026\n" + mail(b"the words"),
    "NUL bytes": mail(b"\x00the words\x00"),
    "a line that is no field": HEADER + b"what is this\r\n\r\nthe words",
    "no closing boundary": parts(part(b"the words"), close=False),
    "a boundary nowhere": parts(preamble=b"the words\r\n", close=False),
    "no boundary declared": mail(b"the words", "multipart/mixed"),
    "a preamble": parts(part(b"x"), preamble=b"the words\r\n"),
    "an epilogue": parts(part(b"x"), epilogue=b"the words\r\n"),
    "an empty plain part": parts(part(b" \r\n"), part(b"<p>the words", "text/html"), kind="alternative"),
    "HTML beside text": parts(part(b"x"), part(b"<p>the words", "text/html")),
    "an inline text with a name": parts(part(b"the words", Content_Disposition="inline; filename=a.txt")),
    "an attached message": parts(part(b"Subject: i\r\n\r\nthe words", "message/rfc822")),
    "an attached message in HTML only": parts(
        part(b"x"), part(b"Content-Type: text/html\r\n\r\n<p>the words", "message/rfc822")
    ),
    "an attached message in base64": parts(part(base64_of(mail(b"the words")), "message/rfc822", Content_Transfer_Encoding="base64")),
    "a digest": parts(b"\r\nSubject: i\r\n\r\nthe words", kind="digest"),
    "a report": parts(part(b"Reporting-MTA: dns; x\r\n\r\nDiagnostic-Code: smtp; 550 the words\r\n", "message/delivery-status"), kind="report"),
    "returned headers": parts(part(b"Subject: the words\r\n", "text/rfc822-headers"), kind="report"),
    "flowed lines": mail(b"the \r\nwords\r\n", "text/plain; format=flowed"),
    "flowed lines that lose a blank": mail(b"the wo \r\nrds", "text/plain; format=flowed; delsp=yes"),
    "text of an unknown kind": mail(b"the words", "text/x-strange"),
    "a content type that is none": mail(b"the words", "strange"),
    "a boundary with a bracket": HEADER + b'Content-Type: multipart/mixed; boundary="(("\r\n\r\n--((\r\n\r\nthe words\r\n--((--\r\n',
    "two content types": HEADER + b"Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\nthe words",
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_what_can_be_read_is_read_in_whatever_shape_it_comes(name):
    assert "the words" in parse(SHAPES[name]).text


@pytest.mark.parametrize(
    "raw", [b"", b"\r\n", b"\n", b"\r", b":", b"From ", b"\x00", HEADER, HEADER[:-2], b"--", b"\xff" * 9]
)
def test_next_to_nothing_is_read_without_a_complaint(raw):
    read = parse(raw)
    assert (read.sha256, read.size_bytes) == (hashlib.sha256(raw).hexdigest(), len(raw))
    assert read.attachments == ()


def test_the_note_about_mime_is_no_text():
    note = b"This is a multi-part message in MIME format.\r\n\r\n"
    assert parse(parts(part(b"x"), preamble=note)).text == "x"


def test_of_two_alternatives_the_plain_one_is_read_and_the_links_of_the_other_are_kept():
    read = parse(
        parts(
            part(b"plain"), part(b"<a href='https://x.example/1'>rich</a>", "text/html"), kind="alternative"
        )
    )
    assert (read.text, read.links) == ("plain", ("https://x.example/1",))


@pytest.mark.parametrize(
    ("field", "subject"),
    [
        (b"=?utf-8?B?R3LD?= =?utf-8?B?tsOfZQ==?=", "Größe"),
        (b"=?utf-8?q?a?=\r\n =?utf-8?q?b?= c", "ab c"),
        (b"=?iso-2022-jp?B?GyRCRk8kLSReJDskcxsoQg==?=", "届きません"),
        ("Größe".encode(), "Größe"),
        ("Größe".encode("latin-1"), "Größe"),
        (b"=?utf-8?q?=C3?=", "Ã"),
        (b"=?utf-8*de?q?Gr=C3=B6=C3=9Fe?=", "Größe"),
        (b"=?x-strange?q?abc?=", "abc"),
        (b"=?utf-8?B?R3LDtsOfZQ?=", "Größe"),
        (b"=?utf-8?q?a_b=20c?=", "a b c"),
        (b"=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
        (b"Order 112-1234567-\r\n 1234567", "Order 112-1234567- 1234567"),
        (b"bell \x07 and \x1b", "bell  and"),
    ],
)
def test_subjects_are_decoded(field, subject):
    assert parse(b"Subject: " + field + b"\r\n\r\n").subject == subject


@pytest.mark.parametrize(
    ("field", "name"),
    [
        (b"filename=a.pdf", "a.pdf"),
        (b'filename="a \\"b\\" (1).pdf"', "a _b_ (1).pdf"),
        (b"filename*=utf-8''Gr%C3%B6%C3%9Fe.pdf", "Größe.pdf"),
        (b"filename*0*=utf-8''Gr%C3;\r\n filename*1*=%B6%C3%9F;\r\n filename*2=e.pdf", "Größe.pdf"),
        (b"filename*1=.pdf; filename*0=a", "a.pdf"),
        (b'filename="=?utf-8?B?R3LDtsOfZS5wZGY=?="', "Größe.pdf"),
        ("filename=Größe.pdf".encode(), "Größe.pdf"),
        ("filename=Größe.pdf".encode("latin-1"), "Größe.pdf"),
        (b"filename*=gbk''%B6%A9%B5%A5.pdf", "订单.pdf"),
        ("filename=ab\u202efdp.exe".encode(), "ab_fdp.exe"),
        (b"filename=../../etc/passwd", "_.._etc_passwd"),
        (b"filename*999999=a", "a"),
        (b"filename=", ""),
    ],
)
def test_file_names_are_decoded_and_made_safe(field, name):
    raw = parts(
        b"Content-Type: application/pdf\r\nContent-Disposition: attachment; " + field + b"\r\n\r\n%PDF-1.7"
    )
    assert [file.filename for file in parse(raw).attachments] == [name]


@pytest.mark.parametrize(
    ("content", "claimed", "kind"),
    [
        (b"%PDF-1.7", "application/octet-stream", "application/pdf"),
        (b"MZ\x90", "image/png", "application/x-msdownload"),
        (b"PK\x03\x04", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", ""),
        (b"PK\x03\x04", "image/png", "application/zip"),
        (b"\x78\x9f\x3e\x22", "application/ms-tnef", ""),
        (b"abc", "text/csv", ""),
    ],
)
def test_a_file_is_what_its_first_bytes_say_and_is_never_opened(content, claimed, kind):
    raw = parts(part(base64_of(content), f"{claimed}; name=x", Content_Transfer_Encoding="base64"))
    (file,) = parse(raw).attachments
    assert (file.content_type, file.size_bytes) == (kind or claimed, len(content))
    assert attachment(raw, file.part) == content


INNER = b"Subject:  odd   spacing\r\nFrom: a@b.example \r\n\r\n  the words \t\r\n\r\nFrom here\r\n"


def test_an_attached_message_is_handed_out_exactly_as_it_came():
    raw = parts(part(b"x"), part(INNER, "message/rfc822", Content_Disposition="attachment"))
    (file,) = parse(raw).attachments
    assert (file.part, file.filename, file.content_type) == ("2", "message.eml", "message/rfc822")
    assert attachment(raw, "2") == INNER
    assert attachment(raw, "2.1") == INNER.partition(b"\r\n\r\n")[2]


def test_parts_within_attached_messages_are_numbered_as_imap_counts_them():
    inner = parts(part(b"x"), part(b"a,b", "text/csv", Content_Disposition="attachment; filename=a.csv"))
    middle = parts(part(inner, "message/rfc822")).replace(b"B\r\n", b"M\r\n", 1).replace(b'"B"', b'"M"', 1)
    middle = middle.removesuffix(b"--B--\r\n") + b"--M--\r\n"
    head, tail = parts(part(b"x"), part(b"HERE", "message/rfc822")).split(b"HERE")
    outer = (head + b"HERE" + tail).replace(b"--B", b"--O").replace(b'"B"', b'"O"').replace(b"HERE", middle)
    read = parse(outer)
    assert [(file.part, file.filename) for file in read.attachments] == [
        ("2", "message.eml"), ("2.1", "message.eml"), ("2.1.2", "a.csv"),
    ]  # fmt: skip
    assert attachment(outer, "2.1") == inner
    assert attachment(outer, "2.1.2") == b"a,b"


def test_a_file_in_uuencode_within_a_text_is_an_attachment():
    raw = mail(b"see below\r\n\r\nbegin 644 a.txt\r\n)=&AE('=O<F1S\r\n`\r\nend\r\n\r\nregards\r\n")
    read = parse(raw)
    assert [(file.part, file.filename, file.size_bytes) for file in read.attachments] == [
        ("1.u1", "a.txt", 9)
    ]
    assert attachment(raw, "1.u1") == b"the words"
    assert read.text.split() == ["see", "below", "regards"]
    assert "begin 644 is how" in parse(mail(b"begin 644 is how\r\nit starts\r\n")).text


def test_a_part_that_is_not_there_is_refused_in_words():
    with pytest.raises(Permanent, match="no part 7"):
        attachment(mail(b"x"), "7")


@pytest.mark.parametrize("size", [70_000, 3_000_000])
@pytest.mark.parametrize("line", [b"a line: of text\r\n", b"plain words\n", b"\r\n", b"x"])
def test_long_bodies_are_put_back_to_the_byte(size, line):
    content = b"first line\r\n" + line * (size // len(line))
    raw = parts(
        part(b"the words"),
        part(content, "application/octet-stream; name=x"),
        part(INNER + content, "message/rfc822"),
    )
    read = parse(raw)
    assert attachment(raw, "2") == content
    assert attachment(raw, "3") == INNER + content
    assert [file.sha256 for file in read.attachments[:1]] == [hashlib.sha256(content).hexdigest()]


def test_deep_nesting_is_read_to_its_bottom():
    for levels in (40, 400, 5000):
        opened = b"".join(
            b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(levels)
        )
        assert "the words" in parse(HEADER + opened + b"\r\nthe words").text


@pytest.mark.parametrize("first", [b"Dear: all", b"Dear all", b" folded"])
def test_a_long_text_without_a_header_is_no_header(first):
    assert parse(first + b"\r\na line\r\n" * 6000 + b"the words").text.endswith("the words")


def test_fields_that_stand_twice_are_shown_once_and_told():
    read = parse(b"Subject: one\r\nSubject: two\r\nFrom: a@b.example\r\nFrom: c@d.example\r\n\r\nx")
    assert read.subject == "one"
    assert [one.address for one in read.from_] == ["a@b.example"]
    assert read.defects == ("2 from fields; the first is shown", "2 subject fields; the first is shown")
    assert [name for name, _ in read.headers] == ["Subject", "Subject", "From", "From"]


@pytest.mark.parametrize(
    ("raw", "defect"),
    [
        (TEXTS["us-ascii with UTF-8"], "part 1: us-ascii text holds 8-bit bytes, read as utf-8"),
        (TEXTS["an unknown charset"], "part 1: charset 'x-strange' is unknown, read as utf-8"),
        (SHAPES["no closing boundary"], "close boundary not found"),
        (SHAPES["bare carriage returns"], "its lines end with a bare carriage return"),
        (SHAPES["a postmark"], "begins with an mbox postmark line"),
        (SHAPES["a preamble"], "text stands before the first part or behind the last"),
        (b"Date: yesterday\r\nFrom: a@b.example\r\n\r\n", "its Date field is no date"),
        (b"Subject: s\r\n\r\n", "no From field"),
        (
            mail(b"dGhl*IHdv\r\n%%cmRz", encoding="base64"),
            "part 1: base64 holds other characters, which are left out",
        ),
    ],
)
def test_what_is_wrong_is_told_in_words(raw, defect):
    assert defect in parse(raw).defects
