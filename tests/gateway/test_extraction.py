"""Attachments are opened in a child of their own: what a file does to it costs that file's text and nothing else."""

import io
import os
import signal
import zipfile
from datetime import UTC, datetime

import pytest

from gateway.extraction import Extractor, File, Opening
from gateway.extractor import extract
from gateway.mail.entry import Envelope
from gateway.mail.parse import attachments_of, parse
from gateway.reader import understand
from gateway.readers import Item
from gateway.shape import own_text, search_text_of
from rules.marketplace import builtin
from tests.attached_files import as_file, label, mail, packed, pdf, sheet, word

ORDER = "112-1234567-7654321"
UPS = "1Z5R89390357567127"


@pytest.fixture(scope="module")
def extractor():
    one = Extractor(Opening(seconds=20))
    yield one
    one.close()


def opened(extractor, raw):
    return extractor.extend(parse(raw), raw)


def test_every_attachment_says_what_it_says_and_pictures_what_their_bars_say(extractor):
    files = {
        "a.pdf": pdf(f"Order {ORDER}"),
        "b.docx": word(ORDER),
        "c.xlsx": sheet([[ORDER]]),
        "d.jpg": as_file(label(UPS)),
    }
    read = opened(extractor, mail(files))
    assert [ORDER in file.text for file in read.attachments] == [True, True, True, False]
    assert read.attachments[3].barcodes == (("Code 128", UPS),)
    assert read.defects == ()


def test_attachments_of_an_attached_message_are_opened_too(extractor):
    inner = mail({"a.pdf": pdf(f"Order {ORDER}")})
    outer = (
        b"From: a@b.example\r\nSubject: Fwd\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
        b"--x\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--x--\r\n"
    )
    assert [
        ORDER in file.text for file in opened(extractor, outer).attachments if file.filename == "a.pdf"
    ] == [True]


def test_a_broken_file_is_a_defect_and_its_neighbours_are_read(extractor):
    bomb = packed({"word/document.xml": b"\0" * 40_000_000})
    read = opened(
        extractor, mail({"a.pdf": b"%PDF-1.4 broken", "b.docx": bomb, "c.txt": b"x", "d.docx": word(ORDER)})
    )
    assert [file.text for file in read.attachments][3] == ORDER
    assert len(read.defects) == 2
    assert "part 2: the attached file cannot be read" in read.defects[0]
    assert "part 3: the attached file unpacks to far more than its size" in read.defects[1]


def test_a_file_that_eats_memory_ends_its_reader_and_nothing_else():
    extractor = Extractor(Opening(seconds=30, memory_bytes=300 * 1024 * 1024))
    rows = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    vast = _with_rows(rows)
    read = opened(extractor, mail({"a.xlsx": vast, "b.docx": word(ORDER)}))
    extractor.close()
    assert [file.text for file in read.attachments] == ["", ORDER]
    assert "part 2: the attached file" in read.defects[0]


def _with_rows(rows: str) -> bytes:
    source = zipfile.ZipFile(io.BytesIO(sheet([["a"]])))
    members = {name: source.read(name) for name in source.namelist()}
    body = members["xl/worksheets/sheet1.xml"]
    start, end = body.index(b"<sheetData>") + 11, body.index(b"</sheetData>")
    members["xl/worksheets/sheet1.xml"] = body[:start] + rows.encode() + body[end:]
    return packed(members)


def test_a_file_that_takes_for_ever_costs_its_share_of_time_and_its_text():
    extractor = Extractor(Opening(seconds=60))
    opened(extractor, mail({"a.pdf": pdf("read")}))
    child = extractor._child
    assert child is not None
    extractor._opening = Opening(seconds=0.5)
    os.kill(child.process.pid, signal.SIGSTOP)  # as one that reads and reads
    read = opened(extractor, mail({"a.pdf": pdf("for ever"), "b.txt": b"text"}))
    extractor.close()
    assert [file.text for file in read.attachments] == ["", ""]
    assert "takes too long" in read.defects[0]
    assert "took all the time" in read.defects[1]


def test_what_is_switched_off_is_not_opened():
    raw = mail({"a.pdf": pdf(f"Order {ORDER}"), "d.jpg": as_file(label(UPS))})
    extractor = Extractor(Opening(text=False, barcodes=False))
    assert extractor.extend(parse(raw), raw) == parse(raw)
    assert extractor._child is None


def test_no_more_than_twenty_files_of_a_message_are_opened(extractor):
    read = opened(extractor, mail({f"{number}.txt": b"text %d" % number for number in range(25)}))
    assert sum(bool(file.text) for file in read.attachments) == 20
    assert "only 20 attachments are opened" in read.defects


def test_a_message_without_attachments_starts_no_child():
    raw = b"Subject: x\r\n\r\ntext\r\n"
    one = Extractor(Opening())
    assert one.extend(parse(raw), raw).attachments == ()
    assert one._child is None


def test_every_part_is_found_again_by_its_number_in_one_walk():
    files = {"a.pdf": pdf("one"), "b.txt": b"two"}
    raw = mail(files)
    parsed = parse(raw)
    wanted = {file.part: file.filename for file in parsed.attachments}
    assert {wanted[part]: content for part, content in attachments_of(raw, frozenset(wanted))} == files


def test_the_child_answers_whatever_a_library_raises():
    answer = extract(File(content=b"\x89PNG\r\n\x1a\nnothing", content_type="image/png", filename="a.png"))
    assert answer.wrong.startswith("cannot be read")


def test_what_attachments_say_is_read_by_the_rules_and_searched_but_not_shown_as_the_sender_s_words():
    raw = mail({"a.pdf": pdf(f"Order {ORDER}"), "d.jpg": as_file(label(UPS))}, text="Please see the files.")
    item = Item(
        key=1, raw=raw, envelope=Envelope(source="smtp", received_at=datetime(2026, 11, 23, tzinfo=UTC))
    )
    extractor = Extractor(Opening())
    understood = understand(item, builtin(), extractor)
    extractor.close()
    assert [(one.order.value, one.where) for one in understood.reading.orders] == [
        (ORDER, "attachment:0:text")
    ]
    assert [(one.number, one.where) for one in understood.reading.parcels] == [(UPS, "attachment:1:barcode")]
    text = search_text_of(understood.mail)
    assert ORDER in text
    assert UPS in text
    assert own_text(text).strip() == "Please see the files."
