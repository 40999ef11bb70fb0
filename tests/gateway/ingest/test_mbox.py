"""mbox files: where they are cut, and what is undone."""

import io
import mailbox
import re
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ingest.mbox import is_separator, split_mbox

SEP = b"From anna@shop.example Sat Jan 31 12:00:00 2026\n"


def split(data: bytes, message_bytes: int = 10_000):
    return list(split_mbox(io.BytesIO(data), message_bytes=message_bytes))


def raws(data: bytes):
    return [piece.raw for piece in split(data)]


SEPARATORS = [
    (b"From anna@shop.example Sat Jan 31 12:00:00 2026", True),
    (b"From - Sat Jan 31 12:00:00 2026", True),
    (b"From 1789012345678@xxx Sat Jan 31 12:00:00 +0000 2026", True),
    (b"From anna@shop.example Sat, 31 Jan 2026 12:00:00 +0100", True),
    (b"From MAILER-DAEMON Sat Jan 31 12:00 2026", True),
    (b"From what I hear, it never came", False),
    (b"From: anna@shop.example Sat Jan 31 12:00:00 2026", False),
    (b">From anna@shop.example Sat Jan 31 12:00:00 2026", False),
]


@pytest.mark.parametrize("line, expected", SEPARATORS)
def test_a_separator_bears_a_date(line, expected):
    assert is_separator(line) is expected


FILES = [
    ("one", SEP + b"S: 1\n\nHello\n\n", [b"S: 1\n\nHello\n"]),
    ("two", SEP + b"S: 1\n\nHello\n\n" + SEP + b"S: 2\n\nBye\n\n", [b"S: 1\n\nHello\n", b"S: 2\n\nBye\n"]),
    (
        "CRLF",
        (SEP + b"S: 1\n\nHello\n\n" + SEP + b"S: 2\n\nBye\n").replace(b"\n", b"\r\n"),
        [b"S: 1\r\n\r\nHello\r\n", b"S: 2\r\n\r\nBye\r\n"],
    ),
    ("no line end at the end", SEP + b"S: 1\n\nHello", [b"S: 1\n\nHello"]),
    (
        "blank lines of its own",
        SEP + b"S: 1\n\nHello\n\n\n\n" + SEP + b"S: 2\n\n",
        [b"S: 1\n\nHello\n\n\n", b"S: 2\n"],
    ),
    (
        "prose after a blank line",
        SEP + b"S: 1\n\nHi\n\nFrom what I hear\n\n",
        [b"S: 1\n\nHi\n\nFrom what I hear\n"],
    ),
    ("a separator in a paragraph", SEP + b"S: 1\n\nHi\n" + SEP + b"\n", [b"S: 1\n\nHi\n" + SEP]),
    ("no dates at all", b"From anna\nS: 1\n\nA\n\nFrom bob\nS: 2\n\nB\n\n", [b"S: 1\n\nA\n", b"S: 2\n\nB\n"]),
    ("mboxrd", SEP + b"S: 1\n\n>From a\n>>From b\n> From c\n\n", [b"S: 1\n\nFrom a\n>From b\n> From c\n"]),
    ("nothing quoted (mboxcl2)", SEP + b"S: 1\n\nFrom a\n>From b\n\n", [b"S: 1\n\nFrom a\n>From b\n"]),
    ("only bodies are unquoted", SEP + b"S: 1\n>From x\n\n>From a\n\n", [b"S: 1\n>From x\n\nFrom a\n"]),
    ("an empty message", SEP + SEP, [SEP]),
    ("nothing", b"", []),
]


@pytest.mark.parametrize("data, expected", [row[1:] for row in FILES], ids=[row[0] for row in FILES])
def test_a_file_is_taken_apart(data, expected):
    assert raws(data) == expected


def test_the_separator_and_the_unquoted_lines_are_told():
    piece = split(SEP + b"S: 1\n\n>From a\n>From b\n\n")[0]
    assert (piece.number, piece.separator, piece.unquoted) == (1, SEP.rstrip(), 2)


def test_a_message_too_large_is_told_and_the_next_one_is_read():
    pieces = split(SEP + b"S: 1\n\n" + b"x" * 500 + b"\n\n" + SEP + b"S: 2\n\n\n", message_bytes=100)
    assert [(piece.raw, piece.size_bytes > 500) for piece in pieces] == [(None, True), (b"S: 2\n\n", False)]


def test_a_file_of_any_size_takes_the_memory_of_one_message(tmp_path):
    place = tmp_path / "big.mbox"
    with place.open("wb") as file:
        for _ in range(20):
            file.write(SEP + b"S: big\n\n" + b"x" * 1_000_000 + b"\n\n")
    tracemalloc.start()
    with place.open("rb") as file:
        sizes = [piece.size_bytes for piece in split_mbox(file, message_bytes=2_000_000)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sizes == [1_000_009] * 20
    assert peak < 5_000_000


LINES = st.sampled_from([b"From ", b">From x", b">>From y", b"Hello", b"", b">", b"From", SEP.rstrip()])
MESSAGES = st.lists(LINES, max_size=8).map(
    lambda lines: b"Subject: x\n\n" + b"".join(line + b"\n" for line in lines)
)


@given(st.lists(MESSAGES, min_size=1, max_size=5))
def test_what_an_mboxrd_writer_wrote_comes_back_byte_for_byte(messages):
    quoted = [re.sub(rb"(?m)^(>*From )", rb">\1", message) for message in messages]
    assert raws(b"".join(SEP + message + b"\n" for message in quoted)) == messages


@given(st.binary(max_size=300))
def test_any_bytes_are_taken_apart_without_a_fault(data):
    pieces = split(SEP + data)
    assert [piece.number for piece in pieces] == list(range(1, len(pieces) + 1))


def test_what_the_standard_library_wrote_is_read(tmp_path):
    box = mailbox.mbox(tmp_path / "out.mbox")
    wanted = [b"Subject: 1\n\nHello\nFrom here on\n", b"Subject: 2\n\nBye\n\n\n"]
    for raw in wanted:
        box.add(raw)
    box.close()
    with (tmp_path / "out.mbox").open("rb") as file:
        assert [piece.raw for piece in split_mbox(file, message_bytes=1000)] == wanted
