"""A report as plain values: what the process that sets it is given, and what it gives back."""

import msgspec


class File(msgspec.Struct, kw_only=True):
    """One attached file. Where ``seq`` is given its picture is shown: of part ``part`` of that message, or the entry itself."""

    label: str  # "3.1": the second half counts the files of number 3
    name: str
    about: str
    sha256: str
    seq: int | None = None
    part: str = ""


class Letter(msgspec.Struct, kw_only=True):
    """One message in its place."""

    number: int
    way: str  # "inbound" or "outbound"
    title: str
    fields: list[tuple[str, str]]
    passages: list[tuple[bool, str]]  # whether it is quoted from older mail, and the text
    files: list[File] = []
    after: list[str] = []  # what became of it


class Table(msgspec.Struct, kw_only=True):
    """Rows of text under headings; ``kinds`` says of each column how it is set, a class of the style sheet."""

    columns: list[str]
    kinds: list[str]
    rows: list[list[str]]


class Part(msgspec.Struct, kw_only=True):
    """One part of a report under its own heading."""

    name: str
    title: str
    words: list[str] = []
    table: Table | None = None
    letters: list[Letter] = []
    files: list[File] = []  # whose pictures are shown behind the table
    points: list[str] = []
    fixed: str = ""  # a text that is shown letter for letter


class Original(msgspec.Struct, kw_only=True):
    """An entry whose bytes are put into the file as they are."""

    seq: int
    name: str
    about: str
    created: int  # seconds since 1970


class Sheet(msgspec.Struct, kw_only=True):
    """Everything that a report says, in the words that stand in it."""

    language: str
    kind: str  # "Complete report" or "Copy for the buyer"
    title: str
    running: str  # in the head of each page
    author: str
    made_at: int  # seconds since 1970
    facts: list[tuple[str, str]]
    about: list[str]
    contents: str
    parts: list[Part]
    originals: list[Original] = []
    unshown: str  # says that a file is no picture that can be shown


class Job(msgspec.Struct, kw_only=True):
    """One report to set; ``payloads`` are the bytes of entries, by seq."""

    sheet: Sheet
    payloads: dict[int, bytes]
    memory_bytes: int
    seconds: float


class Printed(msgspec.Struct, kw_only=True):
    """A report that was set; ``wrong`` says why it was not."""

    pdf: bytes = b""
    pages: int = 0
    wrong: str = ""
