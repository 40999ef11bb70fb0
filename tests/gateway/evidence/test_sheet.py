"""The tables of a pack in a spreadsheet: nothing that a stranger wrote is run."""

import csv
import io

import pytest

from gateway.evidence.sheet import csv_line


def cell(text):
    (row,) = csv.reader(io.StringIO(csv_line([text]).decode()))
    return row[0]


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "  =1", "\t=1", "\r\n=1", "\x00=1", "＝1", "＠SUM(1)", "|cmd", "%0", '=cmd|"/c calc"!A1'],
)  # fmt: skip
def test_a_formula_is_text(text):
    assert cell(text).startswith("'")


@pytest.mark.parametrize("text", ["", "Order 1", "a=b", "Größe", 'say "hi"', "1;2,3", "日本語"])
def test_what_is_no_formula_is_as_it_was(text):
    assert cell(text) == text


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "a\u2028b", "a\x85b", "a\x1b[2Jb"])
def test_a_row_is_one_line(text):
    line = csv_line([text, "next"])
    assert line.count(b"\n") == 1
    assert len(list(csv.reader(io.StringIO(line.decode())))) == 1


def test_half_a_character_stops_no_table():
    assert cell("a\ud800b") == "a?b"
