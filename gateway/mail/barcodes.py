"""Barcodes in pictures: what a photographed shipping label says in its bars. Pure.

Pixels are what costs: a picture with too many is not opened, a large one is made smaller first.
"""

import io
import math

import zxingcpp
from PIL import Image

from gateway.mail.attachment_text import pages_of_pdf

BYTES_MAX = 20 * 1024 * 1024
_PIXELS_MAX = 50_000_000
_SIDE_MAX = 2400  # a label that fills a quarter of it still has three pixels a bar
_SIDE_MIN = 80  # smaller is a logo
_CODES_MAX = 20
_CHARS_MAX = 1000
_SCANS_MAX = 2  # pages of a PDF that are pictures, and are looked at as such
_WORDS = 20  # characters of text that say that a page is not only a picture
_SCALE = 150 / 72  # dots an inch
_FORMATS = zxingcpp.BarcodeFormats(  # what labels carry; looking for every format takes twice as long
    [
        zxingcpp.BarcodeFormat.Code128,
        zxingcpp.BarcodeFormat.Code39,
        zxingcpp.BarcodeFormat.ITF,
        zxingcpp.BarcodeFormat.DataMatrix,
        zxingcpp.BarcodeFormat.QRCode,
    ]
)

Image.MAX_IMAGE_PIXELS = _PIXELS_MAX


def barcodes_in(content: bytes) -> tuple[tuple[str, str], ...]:
    """Return (symbology, text) of each barcode in a picture or a scanned PDF, at most twenty.

    Raises whatever PIL or pdfium raise for a file that they cannot open.
    """
    if len(content) > BYTES_MAX:
        return ()
    found: dict[tuple[str, str], None] = {}
    if content.startswith(b"%PDF-"):
        scans = 0
        for text, page in pages_of_pdf(content):
            if len(text.strip()) >= _WORDS:
                continue
            width, height = page.get_size()
            scale = min(_SCALE, math.sqrt(_SIDE_MAX * _SIDE_MAX / max(1.0, width * height)))
            found.update(dict.fromkeys(_read(page.render(scale=scale, grayscale=True).to_pil())))
            scans += 1
            if scans == _SCANS_MAX:
                break
    else:
        found.update(dict.fromkeys(_read(_opened(content))))
    return tuple(found)[:_CODES_MAX]


def _opened(content: bytes) -> Image.Image:
    with Image.open(io.BytesIO(content)) as picture:
        if picture.width * picture.height > _PIXELS_MAX:
            raise ValueError("holds more pixels than are looked at")
        picture.draft("L", (_SIDE_MAX, _SIDE_MAX))  # JPEG alone: decoded smaller, at a fraction of the time
        grey = picture.convert("L")
    if max(grey.size) > _SIDE_MAX:
        grey.thumbnail((_SIDE_MAX, _SIDE_MAX))
    return grey


def _read(picture: Image.Image) -> list[tuple[str, str]]:
    if min(picture.size) < _SIDE_MIN:
        return []
    codes = zxingcpp.read_barcodes(
        picture, formats=_FORMATS, try_invert=False, text_mode=zxingcpp.TextMode.Plain
    )
    return [(str(code.format), _plain(code.text)) for code in codes[:_CODES_MAX] if code.valid and code.text]


def _plain(text: str) -> str:
    """Return what a barcode says as one line: group separators (GS1) part words."""
    return " ".join(text.replace("\x1d", " ").split())[:_CHARS_MAX]
