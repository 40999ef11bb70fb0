"""The bulk reader of DATA against a reader that goes byte by byte."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ingest.data import Body

WORDS = [
    b"\r\n",
    b".",
    b"\r",
    b"\n",
    b"\r\n.\r\n",
    b"\r\n..",
    b"a",
    b"\0",
    b"\xff",
    b"\n.\n",
    b"\r.\r",
    b"xy" * 9,
]
STREAMS = st.lists(st.sampled_from(WORDS), max_size=30).map(b"".join)


def reference(stream: bytes):
    """RFC 5321 section 4.5.2 to the letter: lines, split at CRLF only; returns content and rest, or None."""
    lines, line, place = [], b"", 0
    while place < len(stream):
        line += stream[place : place + 1]
        place += 1
        if line.endswith(b"\r\n"):
            if line == b".\r\n":
                return b"".join(lines), stream[place:]
            lines.append(line[1:] if line.startswith(b".") else line)
            line = b""
    return None


def refusal(content: bytes, *, message_bytes: int, line_bytes: int) -> str:
    if len(content) > message_bytes:
        return "552 5.3.4"
    if b"\r" in content.replace(b"\r\n", b"") or b"\n" in content.replace(b"\r\n", b""):
        return "554 5.6.0"
    return "554 5.6.0" if any(len(line) > line_bytes for line in content.split(b"\r\n")) else ""


@given(
    stream=STREAMS,
    cuts=st.lists(st.integers(0, 200)),
    message_bytes=st.integers(0, 60),
    line_bytes=st.integers(1, 30),
)
def test_any_bytes_in_any_chunks_are_read_as_the_reference_reads_them(
    stream, cuts, message_bytes, line_bytes
):
    body = Body(message_bytes=message_bytes, line_bytes=line_bytes)
    edges = sorted({0, len(stream), *(min(cut, len(stream)) for cut in cuts)})
    rest = None
    for start, stop in pairwise(edges):
        rest = body.feed(stream[start:stop])
        if rest is not None:
            rest += stream[stop:]
            break
    expected = reference(stream)
    if expected is None:
        assert rest is None
        return
    assert rest == expected[1]
    content, reply = body.content()
    wanted = refusal(expected[0], message_bytes=message_bytes, line_bytes=line_bytes)
    assert reply[:9] == wanted
    assert content == (b"" if wanted else expected[0])


SMUGGLING = [
    b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r.\r\n", b"\n\n.\r\n", b"\r\n\0.\r\n", b"\r\n.\0\r\n", b"\r\r\n.\n",
]  # fmt: skip


@pytest.mark.parametrize("end", SMUGGLING, ids=repr)
def test_nothing_but_crlf_dot_crlf_ends_a_message(end):
    body = Body(message_bytes=1000, line_bytes=1000)
    assert body.feed(b"Hello" + end + b"MAIL FROM:<x@example.net>\r\n") is None


def test_a_nul_is_kept_as_it_came():
    body = Body(message_bytes=1000, line_bytes=1000)
    assert body.feed(b"a\0b\r\n.\r\n") == b""
    assert body.content() == (b"a\0b\r\n", "")


def test_stuffed_dots_do_not_count_towards_the_size():
    body = Body(message_bytes=30, line_bytes=1000)
    assert body.feed(b"..\r\n" * 10 + b".\r\n") == b""
    assert body.content() == (b".\r\n" * 10, "")


def test_a_message_without_end_takes_no_more_memory_than_one_that_is_allowed():
    body = Body(message_bytes=1000, line_bytes=1000)
    for _ in range(1000):
        body.feed(b"x" * 500)
    assert len(body._held) < 2000
    assert body.feed(b"\r\n.\r\nQUIT\r\n") == b"QUIT\r\n"
    assert body.content()[1].startswith("552 5.3.4")
