"""A table as sellers download it, line by line."""

import pytest

from gateway.ingest.table import BadLine, Record, encoding_of, records


def read(path, raw, *, delimiter=",", encoding=""):
    path.write_bytes(raw)
    return list(records(path, encoding=encoding or encoding_of(path), delimiter=delimiter))


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        ("Käufer\tä".encode(), "utf-8-sig"),
        ("\ufeffKäufer\tä".encode(), "utf-8-sig"),
        ("Käufer\tä".encode("cp1252"), "cp1252"),
        ("Käufer\tä".encode("utf-16"), "utf-16"),
        ("Käufer\tä".encode("utf-16-le"), "utf-16-le"),
        ("Käufer\tä".encode("utf-16-be"), "utf-16-be"),
        (b"", "utf-8-sig"),
    ],
)
def test_the_encoding_is_found(tmp_path, raw, encoding):
    found = read(tmp_path / "t", raw, delimiter="\t")
    assert encoding_of(tmp_path / "t") == encoding
    assert found == ([Record(1, ["Käufer", "ä"])] if raw else [])


CASES = {
    "quoted newlines": (b'a,"b\nc",d\ne,f,g\n', ",", [Record(1, ["a", "b\nc", "d"]), Record(3, ["e", "f", "g"])]),
    "every line end": (b"a,b\r\nc,d\re,f\n", ",", [Record(1, ["a", "b"]), Record(2, ["c", "d"]), Record(3, ["e", "f"])]),
    "empty lines": (b"\n\na,b\n\n", ",", [Record(3, ["a", "b"])]),
    "inches in a tab-separated title": (b'12" pan\tx\n"a ""b"""\ty\n', "\t", [Record(1, ['12" pan', "x"]), Record(2, ['a "b"', "y"])]),
    "separators that are no line ends": ("a\u2028b,c\x0bd\n".encode(), ",", [Record(1, ["a\u2028b", "c\x0bd"])]),
    "zero bytes": (b"a\x00b,c\n", ",", [Record(1, ["a\x00b", "c"])]),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "delimiter", "expected"), CASES.values(), ids=CASES.keys())
def test_records(tmp_path, raw, delimiter, expected):
    assert read(tmp_path / "t", raw, delimiter=delimiter, encoding="utf-8-sig") == expected


def test_a_quote_left_open_costs_its_own_line_only(tmp_path):
    rows = [f"{n},x" for n in range(1000)]
    rows[3] = '3,"open'
    found = read(tmp_path / "t", "\n".join(rows).encode())
    assert found[3] == BadLine(4, "a quote is opened and not closed")
    assert [one.line for one in found] == list(range(1, 1001))
    assert [one.cells[0] for one in found if isinstance(one, Record)] == [
        str(n) for n in range(1000) if n != 3
    ]


def test_a_line_without_an_end_is_not_held_in_memory(tmp_path):
    found = read(tmp_path / "t", b"a,b\n" + b"x" * 3_000_000 + b"\nc,d\n")
    assert [type(one) for one in found] == [Record, BadLine, Record]
    assert found[2] == Record(3, ["c", "d"])
