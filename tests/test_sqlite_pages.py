"""The map of an SQLite file is right: what it calls free may hold anything, what it calls used is what was written."""

import random
import sqlite3

import pytest

from tests.sqlite_pages import FREE, USED, content_of, places_of


@pytest.fixture
def file(tmp_path):
    """A file with every kind of page: trees of two levels, long records, freed pages and holes in used ones."""
    path = tmp_path / "some.db"
    with sqlite3.connect(path) as link:
        link.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, blob BLOB)")
        link.execute("CREATE TABLE keyed (a INTEGER, b TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID")
        link.execute("CREATE INDEX by_size ON rows (length(blob), blob)")
        rng = random.Random(3)
        sizes = [rng.choice([10, 200, 3000, 9000, 70_000]) for _ in range(300)]
        link.executemany("INSERT INTO rows (blob) VALUES (?)", [(rng.randbytes(size),) for size in sizes])
        link.executemany("INSERT INTO keyed VALUES (?, ?)", [(n, f"word {n}" * 9) for n in range(2000)])
        link.execute("DELETE FROM rows WHERE id % 7 = 3")
        link.execute("DELETE FROM keyed WHERE a % 5 = 1")
    link.close()
    return path


def test_every_free_byte_may_hold_anything(file):
    marks, before, whole = places_of(file), content_of(file), file.read_bytes()
    free = [at for at, mark in enumerate(marks) if mark == FREE]
    assert 0.01 < len(free) / len(marks) < 0.5
    noise = random.Random(5).randbytes(len(whole))
    changed = bytearray(whole)
    for at in free:
        changed[at] = noise[at]
    file.write_bytes(changed)
    assert content_of(file) == before
    with sqlite3.connect(file) as link:
        assert link.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    link.close()


def test_what_was_written_lies_in_used_bytes(file):
    marks, whole = places_of(file), file.read_bytes()
    for number in (0, 2, 999, 1998):
        word = f"word {number}word {number}".encode()
        places = [at for at in range(len(whole)) if whole.startswith(word, at)]
        assert any(set(marks[at : at + len(word)]) == {USED} for at in places), number
