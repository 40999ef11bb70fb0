"""The child that sets a report: values in, one PDF/A-3 file out. It reads no file of ours and asks no network for anything."""

import contextlib
import hashlib
import io
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined

from gateway.mail.parse import attachments_of
from gateway.mail.pictures import redrawn
from gateway.mail.visible import visible
from gateway.nursery import read_frame
from gateway.report.sheet import File, Job, Original, Printed, Sheet

_TRIES = 4  # a letter that no font has is found where it is drawn: then all is set again without it
_OURS = "picture:"
PANGO = (
    "WeasyPrint finds no Pango on this machine: install it "
    "(Debian: apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core "
    "fonts-liberation fonts-noto-cjk)"
)


def pictures_in(sheet: Sheet, payloads: Mapping[int, bytes]) -> dict[tuple[int, str], bytes]:
    """Return the pictures that a sheet shows, drawn anew; what is none is left out."""
    wanted: dict[int, set[str]] = {}
    for part in sheet.parts:
        for file in (*part.files, *(file for letter in part.letters for file in letter.files)):
            if file.seq is not None:
                wanted.setdefault(file.seq, set()).add(file.part)
    found: dict[tuple[int, str], bytes] = {}
    for seq, parts in wanted.items():
        raw = payloads.get(seq, b"")
        pieces: list[tuple[str, bytes]] = [("", raw)] if "" in parts else []
        with contextlib.suppress(Exception):  # a stranger's MIME; the original is kept all the same
            pieces += attachments_of(raw, frozenset(parts - {""}))
        for part_, data in pieces:
            if (picture := redrawn(data)) is not None:
                found[seq, part_] = picture
    return found


def html_of(sheet: Sheet, shown: Mapping[tuple[int, str], bytes], absent: frozenset[str]) -> str:
    """Return a report as HTML in which everything that strangers wrote is text; ``absent`` are letters no font has."""
    blanks = {ord(one): f"[U+{ord(one):04X}]" for one in absent}

    def told(value: Any) -> Any:
        return visible(value).translate(blanks) if type(value) is str else value

    def picture(file: File) -> str:
        key = (file.seq if file.seq is not None else -1, file.part)
        return f"{_OURS}{key[0]}/{key[1]}" if key in shown else ""

    environment = Environment(
        loader=PackageLoader("gateway.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=told,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (files("gateway.report") / "templates" / "report.css").read_text("utf-8")
    return environment.get_template("report.html").render(
        sheet=sheet, picture=picture, style=style, at=datetime.fromtimestamp(sheet.made_at, UTC)
    )


def typeset(sheet: Sheet, payloads: Mapping[int, bytes]) -> Printed:
    """Set a report; whoever calls has the limits."""
    import weasyprint
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    shown = pictures_in(sheet, payloads)
    by_address = {f"{_OURS}{seq}/{part}": data for (seq, part), data in shown.items()}

    class Nothing(URLFetcher):  # type: ignore[misc]
        """Fetches what stands in the report already, and nothing from anywhere else."""

        def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:
            del headers
            if url in by_address:
                return URLFetcherResponse(url, by_address[url], {"Content-Type": "image/jpeg"})
            raise ValueError("a report loads nothing")

    absent: frozenset[str] = frozenset()
    for _ in range(_TRIES):
        missing = _Missing()
        with missing.listening():
            page = weasyprint.HTML(string=html_of(sheet, shown, absent), url_fetcher=Nothing(), base_url=None)
            document = page.render()
            document.metadata.attachments = [_embedded(one, payloads) for one in sheet.originals]
            out = io.BytesIO()
            name = hashlib.sha256(msgspec.msgpack.encode(sheet)).digest()[:16]
            document.write_pdf(out, pdf_variant="pdf/a-3u", pdf_identifier=name, finisher=_name_once)
        if missing.letters <= absent:
            break
        absent |= missing.letters
    return Printed(pdf=out.getvalue(), pages=len(document.pages))


class _Missing(logging.Handler):
    """Hears which letters no font had (PDF/A forbids a sign for "no such letter")."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.letters: frozenset[str] = frozenset()

    def emit(self, record: logging.LogRecord) -> None:
        if str(record.msg).startswith(".notdef") and isinstance(record.args, tuple):
            self.letters |= {str(record.args[0])}

    @contextlib.contextmanager
    def listening(self) -> Any:
        logger = logging.getLogger("weasyprint")
        logger.addHandler(self)
        logger.propagate = False
        try:
            yield
        finally:
            logger.removeHandler(self)


def _embedded(one: Original, payloads: Mapping[int, bytes]) -> Any:
    from weasyprint import Attachment

    at = datetime.fromtimestamp(one.created, UTC)
    return Attachment(
        string=payloads[one.seq],
        name=one.name,
        description=one.about,
        created=at,
        modified=at,
        relationship="Source",
    )


def _name_once(_document: object, pdf: Any) -> None:
    """Let the list of associated files name each file once; WeasyPrint 70 names them twice."""
    if "AF" in pdf.catalog:
        import pydyf

        pdf.catalog["AF"] = pydyf.Array(dict.fromkeys(pdf.catalog["AF"]))


def live(connection: socket.socket) -> int:
    """Set the one report that is asked for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when to end, by closing its end
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)  # libraries complain of broken files at length
    source = connection.makefile("rb")
    if (frame := read_frame(source)) is None:
        return 0
    job = msgspec.msgpack.decode(frame, type=Job)
    try:
        import_module("weasyprint")  # before the limits: what it loads is not what a stranger makes of it
    except OSError:
        return _answer(connection, Printed(wrong=PANGO))
    seconds = int(job.seconds) + 1
    resource.setrlimit(resource.RLIMIT_AS, (job.memory_bytes, job.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # nothing that draws has to write a file
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    try:
        printed = typeset(job.sheet, job.payloads)
    except MemoryError:
        return 1  # as if the system had ended it
    except Exception as wrong:  # a fault of what sets it, or of ours: whoever waits is told
        printed = Printed(wrong=f"what sets it failed ({type(wrong).__name__}: {str(wrong)[:300]})")
    return _answer(connection, printed)


def _answer(connection: socket.socket, printed: Printed) -> int:
    answer = msgspec.msgpack.encode(printed)
    connection.sendall(len(answer).to_bytes(8, "big") + answer)
    return 0


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError), socket.socket(fileno=0) as standard_input:
        sys.exit(live(standard_input))
