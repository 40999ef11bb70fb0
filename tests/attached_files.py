"""Files as people attach them, made here: PDF by hand, Word and spreadsheets as their formats ask, labels in bars."""

import io
import zipfile
import zlib
from email.message import EmailMessage

import docx
import zxingcpp
from PIL import Image, ImageDraw


def pdf(*pages: str, image: Image.Image | None = None) -> bytes:
    """Return a PDF of so many pages, a line of text for each line; or of one page that is a picture."""
    objects: list[bytes] = [b"<< /Type /Catalog /Pages 2 0 R >>", b""]
    kids = []

    def add(body: bytes) -> int:
        objects.append(body)
        return len(objects)

    font = add(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")

    def page(content: bytes, resources: str) -> None:
        stream = zlib.compress(content)
        number = add(b"<< /Length %d /Filter /FlateDecode >>\nstream\n%b\nendstream" % (len(stream), stream))
        kids.append(
            add(
                f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {number} 0 R "
                f"/Resources << {resources} >> >>".encode()
            )
        )

    for text in pages:
        lines = b"".join(
            b"(%b) Tj 0 -14 Td "
            % line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)").encode("latin-1")
            for line in text.split("\n")
        )
        page(b"BT /F1 11 Tf 50 800 Td " + lines + b"ET", f"/Font << /F1 {font} 0 R >>")
    if image is not None:
        grey = image.convert("L")
        data = zlib.compress(grey.tobytes())
        number = add(
            b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8 "
            b"/Filter /FlateDecode /Length %d >>\nstream\n%b\nendstream"
            % (grey.width, grey.height, len(data), data)
        )
        page(b"q 495 0 0 300 50 400 cm /Im0 Do Q", f"/XObject << /Im0 {number} 0 R >>")
    objects[1] = b"<< /Type /Pages /Kids [%b] /Count %d >>" % (
        b" ".join(b"%d 0 R" % kid for kid in kids),
        len(kids),
    )
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def word(*paragraphs: str, table: list[list[str]] | None = None, header: str = "") -> bytes:
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = header
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    if table:
        made = document.add_table(rows=len(table), cols=len(table[0]))
        for row, cells in zip(made.rows, table, strict=True):
            for cell, text in zip(row.cells, cells, strict=True):
                cell.text = text
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def packed(members: dict[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def sheet(rows: list[list[str | int]]) -> bytes:
    """Return a spreadsheet (XLSX) of one sheet."""

    def cell(value: str | int) -> str:
        if isinstance(value, int):
            return f"<c><v>{value}</v></c>"
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'

    lines = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relations = "http://schemas.openxmlformats.org/package/2006/relationships"
    document = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    types = "http://schemas.openxmlformats.org/package/2006/content-types"
    sheet_type = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    return packed(
        {
            "[Content_Types].xml": f'<Types xmlns="{types}"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{sheet_type}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{sheet_type}.worksheet+xml"/></Types>',
            "_rels/.rels": f'<Relationships xmlns="{relations}"><Relationship Id="r1" '
            f'Type="{document}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{document}"><sheets>'
            '<sheet name="One" sheetId="1" r:id="r1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{relations}"><Relationship Id="r1" '
            f'Type="{document}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{lines}</sheetData></worksheet>',
        }
    )


def open_document(kind: str, content: str) -> bytes:
    """Return an OpenDocument file: ``kind`` is ``text`` or ``spreadsheet``."""
    mime = f"application/vnd.oasis.opendocument.{kind}"
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "text", "table")
    )
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{mime}"/></manifest:manifest>'
    )
    body = f"<office:document-content {spaces}><office:body><office:{kind}>{content}</office:{kind}></office:body></office:document-content>"
    return packed({"mimetype": mime, "META-INF/manifest.xml": manifest, "content.xml": body})


def label(
    *values: str, angle: float = 0, shape: zxingcpp.BarcodeFormat = zxingcpp.BarcodeFormat.Code128
) -> Image.Image:
    """Return a picture of a shipping label: a barcode for each value, on paper that is not quite white."""
    page = Image.new("L", (1000, 260 + 260 * len(values)), 235)
    ImageDraw.Draw(page).rectangle((20, 20, 980, page.height - 20), outline=40, width=4)
    for number, value in enumerate(values):
        bars = Image.fromarray(zxingcpp.create_barcode(value, shape).to_image(scale=3))
        page.paste(bars.resize((bars.width, 180)), ((page.width - bars.width) // 2, 60 + 260 * number))
    return page.rotate(angle, expand=True, fillcolor=90) if angle else page


def as_file(picture: Image.Image, kind: str = "JPEG") -> bytes:
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()


TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odt": "application/vnd.oasis.opendocument.text",
    "rtf": "application/rtf",
    "csv": "text/csv",
    "txt": "text/plain",
    "html": "text/html",
    "jpg": "image/jpeg",
    "png": "image/png",
    "zip": "application/zip",
}


def mail(files: dict[str, bytes], *, text: str = "See the attachment.", subject: str = "A file") -> bytes:
    """Return a mail with files attached, their types by their names' ends."""
    message = EmailMessage()
    message["From"] = "Buyer <buyer@example.org>"
    message["To"] = "support@brand.example"
    message["Subject"] = subject
    message.set_content(text)
    for name, content in files.items():
        main, _, sub = TYPES.get(name.rpartition(".")[2], "application/octet-stream").partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return message.as_bytes()
