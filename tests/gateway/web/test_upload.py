"""Forms with files, chunk by chunk: what is taken, and what is refused before the rest has come."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from gateway.web.upload import Refused, Uploads

TOKEN = "t0k3n"
BODY = bytes(range(256)) * 4 + b"\r\n--b-\r\n"


def part(name, data, filename=None):
    named = f'; filename="{filename}"' if filename is not None else ""
    return f'--b\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode() + data + b"\r\n"


def read(chunks, *, most=10_000, kind="multipart/form-data; boundary=b", length=None):
    """Read a form; returns it, or the status it was refused with, and how many chunks were taken."""
    taken = 0

    async def receive():
        nonlocal taken
        taken += 1
        body = chunks[taken - 1] if taken <= len(chunks) else b""
        return {"type": "http.request", "body": body, "more_body": taken < len(chunks)}

    headers = [(b"content-type", kind.encode())]
    headers += [(b"content-length", str(length).encode())] if length is not None else []
    request = Request({"type": "http", "method": "POST", "headers": headers}, receive)
    try:
        return asyncio.run(Uploads(most).read(request, TOKEN)), taken
    except Refused as wrong:
        return int(wrong.status), taken


@given(st.lists(st.integers(1, 40), max_size=60))
def test_a_form_is_the_same_however_it_is_cut(cuts):
    whole = (
        part("csrf", TOKEN.encode())
        + part("text", "März".encode())
        + part("file", BODY, "a.pdf")
        + b"--b--\r\n"
    )
    chunks, at = [], 0
    for cut in cuts:
        chunks.append(whole[at : at + cut])
        at += cut
    form, _ = read([*chunks, whole[at:]])
    assert form.fields == {"csrf": TOKEN, "text": "März"}
    assert [(one.filename, bytes(one.data)) for one in form.files] == [("a.pdf", BODY)]


def test_a_file_too_large_is_refused_while_it_comes():
    begin = part("csrf", TOKEN.encode()) + part("file", b"", "a")[:-2]
    status, taken = read([begin, *[bytes(1000)] * 50, b"\r\n--b--\r\n"], most=5000)
    assert (status, taken) == (413, 6)
    assert read([begin], most=5000, length=1 << 40) == (413, 0)


def test_no_byte_of_a_file_is_taken_before_the_token():
    for first in (b"", part("csrf", b"forged"), part("text", b"x")):
        status, taken = read([first + part("file", b"", "a")[:-2], bytes(100), b"\r\n--b--\r\n"])
        assert (status, taken) == (403, 1)


@pytest.mark.parametrize(
    ("chunks", "kind"),
    [
        ([b"x"], "multipart/form-data"),
        ([b"x"], "text/plain; boundary=b"),
        ([b"no part at all"], "multipart/form-data; boundary=b"),
        ([part("csrf", TOKEN.encode())[:-5]], "multipart/form-data; boundary=b"),
        ([part("csrf", TOKEN.encode()) + part("file", BODY, "a")], "multipart/form-data; boundary=b"),
        ([b"--b\r\nX: " + b"y" * 10_000], "multipart/form-data; boundary=b"),
        ([part("csrf", bytes(20_000))], "multipart/form-data; boundary=b"),
        ([part("csrf", TOKEN.encode()) + part("file", b"x", "a") * 50], "multipart/form-data; boundary=b"),
        ([b""], "multipart/form-data; boundary=b"),
        ([b"x"], "multipart/form-data; boundary=" + "b" * 300),
        (
            [part("csrf", TOKEN.encode()) + part("kind", b"x", "a") + b"--b--\r\n"],
            "multipart/form-data; boundary=b",
        ),
    ],
)
def test_a_broken_form_is_a_clear_no(chunks, kind):
    status, _ = read(chunks, most=1 << 20, kind=kind)
    assert status in {400, 403, 413}
