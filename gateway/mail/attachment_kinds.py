"""Which attached files are opened, by type and name. What opens them is heavy, and stands where files are opened only."""

PICTURES = ("image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp", "image/tiff")
_PLAIN = ("application/json", "application/xml", "application/ics", "application/csv")
_PLAIN_NAMES = (".txt", ".csv", ".tsv", ".log", ".md", ".json", ".xml", ".ics", ".vcf")


def is_readable(content_type: str, filename: str) -> bool:
    """Tell whether a file is of a kind whose text is read, by its type and name."""
    name = filename.lower()
    return (
        content_type in {"application/pdf", "application/rtf", "text/rtf", *_PLAIN}
        or content_type.startswith(
            ("text/", "application/vnd.openxml", "application/vnd.oasis", "application/vnd.ms-excel")
        )
        or (
            content_type == "application/zip"
            and name.endswith((".docx", ".xlsx", ".xlsm", ".pptx", ".odt", ".ods"))
        )
        or name.endswith((".xls", ".xlsb", *_PLAIN_NAMES))
    )


def has_bars(content_type: str) -> bool:
    """Tell whether barcodes are looked for in a file of this type."""
    return content_type in PICTURES or content_type == "application/pdf"
