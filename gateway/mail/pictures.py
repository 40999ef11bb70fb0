"""Attached pictures drawn anew: whatever a file hides beside its picture stays behind, and none is larger than a page shows. Pure.

The libraries that decode them are written for honest files: this runs in child processes with limits alone.
"""

import io
import math
import warnings

import pypdfium2
from PIL import Image, ImageOps

_BYTES = 20 * 1024 * 1024  # a larger file is not opened
_DOTS = 40_000_000  # a picture with more is not decoded
_EDGE = 1100  # dots of the longer edge: 300 dpi at the width that it gets
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF")
_PAGES = 200  # of a document that are shown
KINDS = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/tiff"})


def redrawn(data: bytes) -> bytes | None:
    """Return a picture as a plain JPEG without metadata, or None for what is no picture that can be shown."""
    if len(data) > _BYTES:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # libraries complain of broken files at length
            with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
                if picture.width * picture.height > _DOTS:
                    return None
                picture.draft("RGB", (_EDGE, _EDGE))
                whole = ImageOps.exif_transpose(picture)
                whole.thumbnail((_EDGE, _EDGE))
                flat = Image.new("RGB", whole.size, "white")
                shape = whole.convert("RGBA")
                flat.paste(shape, mask=shape.getchannel("A"))
    except Exception:  # whatever a library raises for a file that is broken
        return None
    out = io.BytesIO()
    flat.save(out, "JPEG", quality=82, optimize=True)
    return out.getvalue()


def page_drawn(data: bytes, number: int) -> tuple[bytes, int] | None:
    """Return a page of a PDF as a plain JPEG, counted from 1, and how many pages can be shown; None where there is no such page."""
    if len(data) > _BYTES or not data.startswith(b"%PDF-"):
        return None
    try:
        document = pypdfium2.PdfDocument(data)
        try:
            pages = min(len(document), _PAGES)
            if not 1 <= number <= pages:
                return None
            page = document[number - 1]
            width, height = page.get_size()
            scale = min(_EDGE / max(width, height, 1.0), math.sqrt(_DOTS / max(1.0, width * height)))
            flat = page.render(scale=scale).to_pil().convert("RGB")
        finally:
            document.close()
    except Exception:  # whatever the library raises for a file that is broken
        return None
    out = io.BytesIO()
    flat.save(out, "JPEG", quality=82, optimize=True)
    return out.getvalue(), pages
