"""What files say: each kind as people attach it, and files that are made to hurt."""

import pytest

from gateway.mail.attachment_kinds import is_readable
from gateway.mail.attachment_text import CHARS_MAX, Unreadable, text_of_file
from gateway.mail.rtf import text_of_rtf
from tests.attached_files import TYPES, open_document, packed, pdf, sheet, word

ORDER = "112-1234567-7654321"
ROW = f'<table:table table:name="T"><table:table-row><table:table-cell office:value-type="string"><text:p>{ORDER}</text:p></table:table-cell></table:table-row></table:table>'
FILES = {
    "a.pdf": pdf("Invoice", f"Order {ORDER}\nThank you"),
    "a.docx": word("Dear seller,", table=[["Order", "Item"], [ORDER, "Lamp"]], header="Lamps & Co."),
    "a.xlsx": sheet([["Order", "Quantity"], [ORDER, 2], ["2000123456789", 200012345678901]]),
    "a.ods": open_document("spreadsheet", ROW),
    "a.odt": open_document(
        "text", f"<text:p>Bestellung</text:p><text:p>{ORDER[:5]}<text:span>{ORDER[5:]}</text:span></text:p>"
    ),
    "a.rtf": rb"{\rtf1\ansi{\fonttbl{\f0 Arial;}}Bestellung\par {\b 112-1234567}-7654321}",
    "a.csv": f"order;sku\n{ORDER};LAMP-7\n".encode("utf-16"),
    "a.txt": f"Großes Päckchen {ORDER}".encode("latin-1"),
    "a.html": b"<p>Order <b>112</b>-1234567-<i>7654321</i><script>x()</script>",
}


@pytest.mark.parametrize("name", FILES)
def test_each_kind_of_file_says_its_order(name):
    kind = TYPES[name.rpartition(".")[2]]
    assert is_readable(kind, name)
    assert ORDER in text_of_file(FILES[name], kind, name)


def test_words_and_tables_keep_their_order_and_numbers_their_digits():
    assert text_of_file(FILES["a.docx"], TYPES["docx"], "a.docx").split("\n") == [
        "Lamps & Co.", "", "Dear seller,", "Order\tItem", f"{ORDER}\tLamp"
    ]  # fmt: skip
    assert "2000123456789\t200012345678901" in text_of_file(FILES["a.xlsx"], TYPES["xlsx"], "a.xlsx")
    assert "Großes Päckchen" in text_of_file(FILES["a.txt"], TYPES["txt"], "a.txt")


@pytest.mark.parametrize(
    "content, words",
    [
        (packed({"word/document.xml": b"\0" * 40_000_000}), "far more than its size"),
        (packed({f"xl/{number}": b"" for number in range(3000)}), "more than is read"),
        (packed({"evil.exe": b"MZ"}), "archives are not unpacked"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "old Office file"),
        (b"\x00" * 5000, "not what its name says"),
        (b"%PDF-" + b"1" * (20 * 1024 * 1024), "larger than"),
    ],
)
def test_what_is_not_read_says_why(content, words):
    with pytest.raises(Unreadable, match=words):
        text_of_file(content, "application/octet-stream", "file.bin")


def test_a_long_file_is_read_as_far_as_the_bound():
    assert (
        len(text_of_file(b"word " * 100_000, "text/plain", "a.txt")) == CHARS_MAX - 1
    )  # stripped of its last blank


def test_an_entity_bomb_in_a_word_file_stays_small():
    bomb = (
        '<!DOCTYPE x [<!ENTITY a "'
        + "A" * 1000
        + '">'
        + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 50}">' for n in range(6))
    )
    parts = {"content.xml": bomb + "]><x>&g;</x>", "mimetype": "application/vnd.oasis.opendocument.text"}
    assert len(text_of_file(packed(parts), TYPES["odt"], "a.odt")) < 10_000


@pytest.mark.parametrize("kind", ["image/png", "application/zip", "application/x-msdownload", "video/mp4"])
def test_other_kinds_are_left_closed(kind):
    assert not is_readable(kind, "file.bin")


@pytest.mark.parametrize(
    "content, text",
    [
        (rb"{\rtf1 \u8364?5 \'80}", "€5 €"),
        (rb"{\rtf1 {\*\generator x;}a\tab b\~c}", "a\tb c"),
        (rb"}}}{{{\rtf1 a", "a"),
        (b"{" * 5000 + b"a", "a"),
    ],
)
def test_rich_text(content, text):
    assert text_of_rtf(content) == text
