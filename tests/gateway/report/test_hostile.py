"""Mail that is built to harm whoever draws it: nothing runs, nothing is fetched, and no child takes more than it may."""

import io
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from PIL import Image

from gateway.errors import Temporary, WrongUse
from gateway.mail.pictures import redrawn
from gateway.report.printer import PANGO
from tests.gateway.report.conftest import report
from tests.gateway.report.pdf import embedded, faults, images, text_of
from tests.small_house import ORDER, mail


@pytest.fixture
def listener():
    """A server on loopback that counts who asks it for anything."""
    asked = []

    class Counting(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Counting)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def picture(size=(40, 30), kind="PNG"):
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, kind)
    return out.getvalue()


@pytest.mark.needs("pango")
def test_what_a_stranger_wrote_is_text_and_loads_nothing(house, listener):
    url, asked = listener
    evil = (
        f"<img src='{url}/a'><link rel=attachment href='{url}/b'><style>@import '{url}/c'</style>"
        "<script>app.alert(1)</script><iframe src=file:///etc/passwd></iframe> =cmd|'/c calc'!A1 "
        "invoice\u202efdp.exe {{ 7*7 }} </pre></article>"
    )
    house.take(mail(f"Order {ORDER} {evil}", f"{evil}\nOrder {ORDER}", html=f"<p>{evil}</p>",
                    files=[(f"{evil[:60]}.png", "image/png", picture(), "")]))  # fmt: skip
    for audience in ("court", "buyer"):
        made = report(house, audience=audience)
        text = text_of(made.pdf)
        assert faults(made.pdf) == []
        assert "<script>app.alert(1)</script>" in text
        assert "invoice[U+202E]fdp.exe" in text
        assert "{{ 7*7 }}" in text
        assert "root:" not in text
        assert len(images(made.pdf)) == 1
    assert asked == []


@pytest.mark.needs("pango")
def test_letters_that_no_font_has_are_named_since_pdf_a_forbids_a_sign_for_them(house):
    house.take(mail(f"Order {ORDER}", f"Order {ORDER} \U0010fffd and \U000e0041"))
    made = report(house)
    assert "[U+10FFFD]" in text_of(made.pdf)
    assert faults(made.pdf) == []


@pytest.mark.needs("pango")
def test_an_original_that_is_too_large_is_named_by_its_hash_and_told_of(house):
    big = mail(
        f"Order {ORDER}",
        f"Order {ORDER}",
        files=[("film.bin", "application/octet-stream", bytes(3 << 20), "")],
    )
    small = mail(f"Order {ORDER}", f"small, order {ORDER}", message_id="s")
    seqs = [house.take(big), house.take(small)]
    made = report(house, originals_bytes=1 << 20)
    assert list(embedded(made.pdf)) == [f"{seqs[1]:06d}.eml"]
    assert "The original of number 1 has 4." in text_of(made.pdf)
    assert len(made.pdf) < 200_000


@pytest.mark.needs("pango")
def test_a_long_text_is_cut_and_says_so(house):
    house.take(mail(f"Order {ORDER}", f"Order {ORDER}\n" + "word " * 20_000 + "LAST"))
    text = text_of(report(house).pdf)
    assert "LAST" not in text
    assert "Of number 1 the first 20000 characters are shown" in text


def test_too_many_messages_are_refused_with_their_number(house):
    for number in range(3):
        house.take(mail(f"Order {ORDER}", f"Order {ORDER} {number}", message_id=str(number)))
    with pytest.raises(
        WrongUse, match=r"has 3 messages, and a report holds 2 at most \(report.messages_max\)"
    ):
        report(house, messages=2)
    assert [one for one in house.archive.entries(0) if one.type == "export"] == []


@pytest.mark.needs("pango")
@pytest.mark.parametrize(
    ("bounds", "said"),
    [({"seconds": 0.01}, "takes longer than 0.01 s"), ({"memory_bytes": 60 << 20}, "needs more than 60 MiB")],
)
def test_a_report_that_takes_too_much_ends_its_child_and_nothing_else(house, bounds, said):
    for number in range(
        12
    ):  # more than a second's work on any machine: processor time is limited by whole seconds
        house.take(
            mail(f"Order {ORDER}", f"Order {ORDER} {number}\n" + "word " * 8000, message_id=str(number))
        )
    with pytest.raises(Temporary, match=said):
        report(house, **bounds)
    assert report(house).pages > 1


def test_pictures_are_drawn_anew_and_those_that_are_none_are_not():
    with_more = io.BytesIO()
    Image.new("RGB", (3000, 20), "blue").save(
        with_more, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0", comment=b"SECRET-COMMENT"
    )
    drawn = redrawn(with_more.getvalue())
    assert b"SECRET-COMMENT" not in drawn
    with Image.open(io.BytesIO(drawn)) as shown:
        assert (shown.format, shown.width) == ("JPEG", 1100)
    bomb = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(bomb, "PNG")
    for bad in (b"", b"no picture", picture()[:40], bomb.getvalue(), b"%!PS\n(system) run", b"<svg/>"):
        assert redrawn(bad) is None


def test_a_machine_without_pango_says_what_to_install(house, tmp_path, monkeypatch):
    house.take(mail(f"Order {ORDER}", f"Order {ORDER}"))
    for name in [one for one in sys.modules if one.partition(".")[0] == "weasyprint"]:
        monkeypatch.delitem(sys.modules, name)
    (tmp_path / "weasyprint.py").write_text("raise OSError(\"cannot load library 'libpango-1.0-0'\")\n")
    monkeypatch.syspath_prepend(tmp_path)  # it is what the child finds first
    with pytest.raises(Temporary) as told:
        report(house)
    assert PANGO in str(told.value)
    assert "apt-get install libpango-1.0-0" in PANGO
