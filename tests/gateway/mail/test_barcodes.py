"""Barcodes in pictures: straight, askew, scanned, and pictures that are made to hurt."""

import struct
import time
import zlib

import pytest
import zxingcpp
from PIL import Image

from gateway.mail.barcodes import barcodes_in
from tests.attached_files import as_file, label, pdf

UPS, ROYAL = "1Z5R89390357567127", "RB123456785GB"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_every_kind_of_picture(kind):
    assert barcodes_in(as_file(label(UPS), kind)) == (("Code 128", UPS),)


@pytest.mark.parametrize("angle", [3, 90, 180, 187])
def test_a_label_photographed_askew(angle):
    assert ("Code 128", UPS) in barcodes_in(as_file(label(UPS, ROYAL, angle=angle)))


def test_several_barcodes_and_other_symbologies():
    assert {text for _, text in barcodes_in(as_file(label(UPS, ROYAL)))} == {UPS, ROYAL}
    code = label("112-1234567-7654321", shape=zxingcpp.BarcodeFormat.Code39)
    assert [text for _, text in barcodes_in(as_file(code))] == ["112-1234567-7654321"]


def test_a_scanned_page_of_a_pdf_is_a_picture_and_a_page_with_text_is_not():
    assert barcodes_in(pdf(image=label(UPS))) == (("Code 128", UPS),)
    assert barcodes_in(pdf("Tracking number 1Z5R89390357567127, as printed")) == ()


def png_of(width: int, height: int) -> bytes:
    """Return the header of a picture that claims to be large, and hardly any data."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("width, height", [(60_000, 60_000), (9_000, 9_000)])
def test_a_picture_with_too_many_pixels_is_never_unpacked(width, height):
    begin = time.process_time()
    with pytest.raises((ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning)):
        barcodes_in(png_of(width, height))
    assert time.process_time() - begin < 1


def test_a_logo_is_not_looked_at():
    assert barcodes_in(as_file(Image.new("L", (60, 60), 255), "PNG")) == ()
