"""What a PDF file holds, read by programs that know nothing of ours."""

import io

import pikepdf
import pypdfium2


def text_of(pdf: bytes) -> str:
    """Return the words of every page, each line's breaks as single spaces."""
    with pypdfium2.PdfDocument(pdf) as document:
        pages = [page.get_textpage().get_text_range() for page in document]
    return " ".join(" ".join(pages).replace("\ufffe", "").split())


def faults(pdf: bytes) -> list[str]:
    """Return the rules of PDF/A-3 (ISO 19005-3) that a file breaks, of those that can be told from its structure."""
    found = []
    with pikepdf.open(io.BytesIO(pdf)) as file:
        root = file.Root
        intents = [one for one in root.get("/OutputIntents", []) if one.get("/S") == "/GTS_PDFA1"]
        if len(intents) != 1 or "/DestOutputProfile" not in intents[0]:
            found.append("6.2.3: no output intent with a colour profile")
        with file.open_metadata() as xmp:
            if (xmp.get("pdfaid:part"), xmp.get("pdfaid:conformance")) != ("3", "U"):
                found.append("6.6.4: XMP does not say PDF/A-3u")
        if "/ID" not in file.trailer or "/Encrypt" in file.trailer:
            found.append("6.1.3: no file identifier, or encrypted")
        associated = [one.objgen for one in root.get("/AF", [])]
        if len(associated) != len(set(associated)):
            found.append("6.8: /AF names a file twice")
        for one in file.objects:
            if not isinstance(one, pikepdf.Dictionary | pikepdf.Stream):
                continue
            if {"/JS", "/JavaScript", "/AA"} & set(one.keys()) or one.get("/S") in (
                "/JavaScript",
                "/Launch",
                "/URI",
            ):
                found.append("6.5: a script, or an action that leads away")
            if one.get("/Type") == "/Filespec":
                if one.get("/AFRelationship") is None or one.objgen not in associated:
                    found.append("6.8: an embedded file without its relationship")
                if "/Subtype" not in one["/EF"]["/F"]:
                    found.append("6.8: an embedded file without its type")
            if one.get("/Type") == "/FontDescriptor" and not {"/FontFile", "/FontFile2", "/FontFile3"} & set(
                one.keys()
            ):
                found.append(f"6.2.11.4: font {one.get('/FontName')} is not embedded")
            if one.get("/Type") == "/Font" and one.get("/Subtype") == "/Type0" and "/ToUnicode" not in one:
                found.append("6.2.11.7: a font without Unicode")
            if "/LZWDecode" in str(one.get("/Filter", "")):
                found.append("6.1.7: LZW")
    return found


def embedded(pdf: bytes) -> dict[str, bytes]:
    """Return the embedded files."""
    with pikepdf.open(io.BytesIO(pdf)) as file:
        return {name: spec.get_file().read_bytes() for name, spec in file.attachments.items()}


def images(pdf: bytes) -> list[tuple[int, int]]:
    """Return the size of every picture."""
    with pikepdf.open(io.BytesIO(pdf)) as file:
        return [
            (int(one.Width), int(one.Height))
            for one in file.objects
            if isinstance(one, pikepdf.Stream) and one.get("/Subtype") == "/Image"
        ]
