"""Attached files looked at on pages: drawn anew in a child process; and a message printed, and who has seen it."""

import io
import struct
import zlib

import pikepdf
import pytest
from PIL import Image

from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from tests.small_house import PASSWORD, PIXEL, build_house, mail, serving

GPS = b"52.5200N 13.4050E of the warehouse"


def photograph():
    """Return a JPEG with something in its metadata that nobody is to see."""
    picture, out = Image.new("RGB", (3000, 2000), "teal"), io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = GPS.decode()
    picture.save(out, "JPEG", exif=exif)
    return out.getvalue()


def document(pages=3):
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        for _ in range(pages):
            pdf.add_blank_page(page_size=(595, 842))
        pdf.save(out)
    return out.getvalue()


def bomb():
    """Return a PNG that says it is 40,000 dots wide and high, in a few bytes."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


FILES = [
    ("photo.jpg", "image/jpeg", photograph(), ""),
    ("three.pdf", "application/pdf", document(), ""),
    ("bomb.png", "image/png", bomb(), ""),
    ("broken.pdf", "application/pdf", b"%PDF-1.7\n%%EOF\n", ""),
    ("page.png", "image/png", b"<html><script>alert(1)</script>", ""),
    ("drawing.svg", "image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>", ""),
    ("endless.pdf", "application/pdf", b"%PDF-1.7\n" + b"1 0 obj<</Kids[1 0 R]/Type/Pages/Count 9>>endobj\n" * 2000, ""),
]  # fmt: skip


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    built = build_house(tmp_path_factory.mktemp("previews"))
    built.seq = built.take(mail("With files", "Look at <b>these</b>", files=FILES))
    with built.store.read() as conn:
        from gateway.store.messages import message

        built.parts = {file.filename: file.part for file in message(conn, built.seq).attachments}
    with serving(built) as served:
        yield served


@pytest.fixture(scope="module")
def browser(house):
    with house.client() as one:
        yield one


def asked(house, browser, name, query=""):
    return browser.get(f"/message/{house.seq}/file/{house.parts[name]}/picture{query}")


def test_a_picture_is_drawn_anew_and_carries_nothing_along(house, browser):
    answer = asked(house, browser, "photo.jpg")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    shown = Image.open(io.BytesIO(answer.content))
    assert max(shown.size) == 1100
    assert GPS in FILES[0][2]
    assert GPS not in answer.content
    assert not shown.getexif()


@pytest.mark.parametrize(("page", "status"), [("", 200), ("?page=3", 200), ("?page=4", 404), ("?page=0", 404), ("?page=x", 404), ("?page=99999", 404)])  # fmt: skip
def test_a_document_is_shown_page_by_page(house, browser, page, status):
    answer = asked(house, browser, "three.pdf", page)
    assert answer.status_code == status
    assert status != 200 or Image.open(io.BytesIO(answer.content)).size == (778, 1100)


@pytest.mark.parametrize("name", ["bomb.png", "broken.pdf", "page.png", "drawing.svg", "endless.pdf"])
def test_what_cannot_be_drawn_is_only_ever_a_download(house, browser, name):
    answer = asked(house, browser, name)
    assert answer.status_code == 404
    assert b"<script>alert" not in answer.content
    assert asked(house, browser, "photo.jpg").status_code == 200, "and the next file is drawn all the same"


def test_the_page_shows_what_can_be_drawn_and_leads_to_all_pages(house, browser):
    page = browser.get(f"/message/{house.seq}").text
    for name, there in (
        ("photo.jpg", True),
        ("three.pdf", True),
        ("broken.pdf", False),
        ("drawing.svg", False),
    ):
        assert (f"/file/{house.parts[name]}/picture" in page) == there, name
    pages = browser.get(f"/message/{house.seq}/file/{house.parts['three.pdf']}/pages").text
    assert pages.count("<img") == 3
    assert browser.get(f"/message/{house.seq}/file/{house.parts['broken.pdf']}/pages").status_code == 404
    assert browser.get(f"/message/{house.seq}/file/77/pages").status_code == 404


def test_a_file_of_a_dossier_is_drawn_and_a_message_is_no_file(house, browser):
    meta = {
        "filename": "proof.png",
        "content_type": "image/png",
        "size_bytes": len(PIXEL),
        "sha256": "0" * 64,
        "kind": "photo",
    }
    seq = house.act(
        Draft(type="evidence", payload=PIXEL, meta={**meta, "source": "web", "agent": "anna"})
    ).seq
    assert browser.get(f"/entry/{seq}/picture").headers["content-type"] == "image/jpeg"
    assert browser.get(f"/entry/{house.seq}/picture").status_code == 404


def test_a_message_is_printed_with_what_proves_it(house, browser):
    page = browser.get(f"/message/{house.seq}?view=print").text
    assert "Look at &lt;b&gt;these&lt;/b&gt;" in page
    assert "<form" not in page
    assert page.count("SHA-256") == len(FILES)
    assert "docket/brand.example" in page


def test_who_has_seen_it_is_told(house, browser):
    other = house.take(mail("Another one", "Hello"))
    house.accounts.add("petra", PASSWORD, role="auditor")
    for seq, who, said in (
        (house.seq, "ben", {"did": "opened", "seen": True}),
        (house.seq, "carl", {"did": "flagged", "what": "-FLAGS (\\Seen)"}),
        (house.seq, "dora", {"did": "flagged", "what": "+FLAGS (\\Seen)"}),
        (house.seq, "emil", {"did": "moved", "to": ["Trash"]}),
    ):
        payload = canonical({"of": seq, "agent": who, "folder": "INBOX", "count": 1, **said})
        house.act(Draft(type="imap", payload=payload, meta={"source": "imap"}))
    with house.client("petra") as auditor:
        auditor.get(f"/message/{house.seq}?view=headers")
        auditor.get(f"/message/{house.seq}0")
    house.settle()
    seen = browser.get(f"/message/{house.seq}").text.partition("Seen by</h2>")[2].partition("</ul>")[0]
    assert [name for name in ("ben", "carl", "dora", "emil", "petra") if f"<bdi>{name}</bdi>" in seen] == [
        "ben",
        "dora",
        "petra",
    ]
    assert "as an auditor" in seen
    assert "Seen by</h2>" not in browser.get(f"/message/{other}").text
