"""Replies as bytes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ingest.reply import wire_reply

TABLE = [
    ("250 OK", b"250 2.0.0 OK\r\n"),
    ("250 2.0.0 Archived 7", b"250 2.0.0 Archived 7\r\n"),
    ("503 Error", b"503 5.5.1 Error\r\n"),
    ("354 Go on", b"354 Go on\r\n"),
    ("334 ", b"334 \r\n"),
    ("599 odd", b"599 5.0.0 odd\r\n"),
    ("550 5.7.1 a\r\n250 b", b"550 5.7.1 a 250 b\r\n"),
    ("550 5.7.1 Größe", b"550 5.7.1 Gr??e\r\n"),
]


@pytest.mark.parametrize("status, wire", TABLE)
def test_every_reply_carries_an_enhanced_code_and_is_one_line(status, wire):
    assert wire_reply(status) == wire


def test_words_outside_ascii_reach_a_client_that_asked_for_them():
    assert wire_reply("550 5.7.1 Größe", utf8=True) == "550 5.7.1 Größe\r\n".encode()


@given(st.text(max_size=3000), st.booleans())
def test_no_text_makes_a_line_too_long_or_a_second_reply(text, utf8):
    lines = wire_reply(f"550 5.7.1 {text}", utf8=utf8).split(b"\r\n")
    assert lines.pop() == b""
    assert all(len(line) <= 510 for line in lines)
    assert [bool(re.match(rb"550-5\.7\.1 ", line)) for line in lines] == [True] * (len(lines) - 1) + [False]
    assert all(b"\r" not in line and b"\n" not in line for line in lines)
