"""One changed byte anywhere is found, and its entry named; a damaged file is told of, never a traceback."""

import random
import shutil
import sqlite3

import pytest

from gateway.errors import WrongUse
from tests.sqlite_pages import USED, content_of, places_of

COUNT = 300  # more than one tile


@pytest.fixture
def filled(place, draft):
    archive = place.open()
    archive.append_many([draft(n, type_="mail.in" if n % 2 else "note") for n in range(COUNT)])
    archive.close()
    return place


def flipped(data: bytes, at: int) -> bytes:
    at %= len(data)
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def test_a_whole_archive_is_found_whole(filled):
    seen = []
    report = filled.verify(progress=lambda done, size: seen.append((done, size)))
    assert (report.ok, report.size, report.bad, report.origin) == (True, COUNT, (), "docket/test")
    assert report.root in filled.open().checkpoint()
    assert seen[-1] == (COUNT, COUNT)


def test_an_empty_archive_is_whole(place):
    report = place.verify()
    assert (report.ok, report.size) == (True, 0)


@pytest.mark.parametrize("seq", [0, 255, 256, 299])
@pytest.mark.parametrize("at", [0, 3, 60, 150, 290, -1])
def test_a_changed_leaf_is_named(sqlite_place, draft, seq, at):
    archive = sqlite_place.open()
    archive.append_many([draft(n) for n in range(COUNT)])
    archive.close()
    leaf = sqlite_place.sql("SELECT leaf FROM entries WHERE seq = ?", seq)[0][0]
    sqlite_place.sql("UPDATE entries SET leaf = ? WHERE seq = ?", flipped(leaf, at), seq)
    report = sqlite_place.verify()
    assert {bad for bad, _ in report.bad} == {seq}


BYTES = [
    ("blobs", "blob", "WHERE seq = 270", False),
    ("entries", "fp", "WHERE seq = 270", False),
    ("tiles", "hashes", "WHERE level = 0 AND number = 1", False),
]


@pytest.mark.parametrize("where", BYTES, ids=[f"{t}.{c}" for t, c, _, _ in BYTES])
@pytest.mark.parametrize("at", [14 * 32, 14 * 32 + 31])
def test_a_changed_byte_is_named(filled, where, at):
    table, column, which, keys = where
    data = filled.sql(f"SELECT {column} FROM {table} {which}", keys=keys)[0][0]
    filled.sql(f"UPDATE {table} SET {column} = ? {which}", flipped(data, at), keys=keys)
    assert [seq for seq, _ in filled.verify().bad] == [270]


@pytest.mark.parametrize("at", [0, 20, 59])
def test_a_changed_key_is_named(filled, at):
    id_ = filled.sql("SELECT id FROM entries WHERE seq = 7")[0][0]
    wrapped = filled.sql("SELECT wrapped FROM keys WHERE id = ?", id_, keys=True)[0][0]
    filled.sql("UPDATE keys SET wrapped = ? WHERE id = ?", flipped(wrapped, at), id_, keys=True)
    assert filled.verify().bad == ((7, "its wrapped key does not open"),)


CHANGES = [
    ("UPDATE entries SET type = 'mail.out' WHERE seq = 5", False, {5}),
    ("UPDATE entries SET t = t + 1 WHERE seq = 5", False, {5}),
    ("UPDATE entries SET id = '01ARZ3NDEKTSV4RRFFQ69G5FAV' WHERE seq = 5", False, {5}),
    ("UPDATE entries SET seq = 1000 WHERE seq = 5", False, {5, 1000}),
    ("DELETE FROM entries WHERE seq = 5", False, {5}),
    ("DELETE FROM entries WHERE seq = 299", False, {299}),
    ("DELETE FROM entries", False, set(range(COUNT))),
    ("DELETE FROM blobs WHERE seq = 5", False, {5}),
    ("UPDATE blobs SET seq = 1000 WHERE seq = 5", False, {5, 1000}),
    ("DELETE FROM tiles WHERE level = 0 AND number = 1", False, {256}),
    ("DELETE FROM tiles WHERE level = 1", False, {0}),
    ("UPDATE tiles SET number = 9 WHERE level = 0 AND number = 1", False, {256, None}),
    ("UPDATE tiles SET level = 3 WHERE level = 1", False, {0, None}),
    ("DELETE FROM keys", True, set(range(COUNT))),
    ("UPDATE keys SET kek = 'deadbeef'", True, set(range(COUNT))),
    ("UPDATE keyrings SET origin = 'another'", True, {None}),
    ("DELETE FROM keyrings", True, {None}),
    ("UPDATE logs SET size = 299", False, {None}),
    ("UPDATE logs SET size = 1000000000000", False, {None}),
    ("UPDATE logs SET origin = 'another'", False, {None}),
    ("UPDATE logs SET format = 9", False, {None}),
    ("UPDATE logs SET checkpoint = ''", False, {None}),
    ("DELETE FROM logs", False, {None}),
]


@pytest.mark.parametrize("change", CHANGES, ids=[c[0] for c in CHANGES])
def test_a_changed_row_is_named(filled, change):
    statement, keys, expected = change
    filled.sql(statement, keys=keys)
    report = filled.verify()
    assert not report.ok
    assert {seq for seq, _ in report.bad} == expected


@pytest.mark.parametrize("at", range(0, 170, 13))
def test_a_changed_checkpoint_is_found(sqlite_place, draft, at):
    archive = sqlite_place.open()
    archive.append_many([draft(n) for n in range(3)])
    archive.close()
    note = sqlite_place.sql("SELECT checkpoint FROM logs")[0][0]
    sqlite_place.sql("UPDATE logs SET checkpoint = ?", flipped(note.encode(), at).decode("utf-8", "replace"))
    assert None in {seq for seq, _ in sqlite_place.verify().bad}


def test_every_hash_of_an_upper_tile_is_held_against_the_tree(filled):
    tile = filled.sql("SELECT hashes FROM tiles WHERE level = 1 AND number = 0")[0][0]
    filled.sql("UPDATE tiles SET hashes = ? WHERE level = 1 AND number = 0", flipped(tile, 5))
    ((seq, what),) = filled.verify().bad
    assert (seq, "entries 0 to 255" in what) == (0, True)


def test_two_entries_that_change_places_are_both_named(filled):
    filled.sql("UPDATE blobs SET seq = 10000 WHERE seq = 3")
    filled.sql("UPDATE blobs SET seq = 3 WHERE seq = 4")
    filled.sql("UPDATE blobs SET seq = 4 WHERE seq = 10000")
    assert {seq for seq, _ in filled.verify().bad} == {3, 4}


def test_an_old_checkpoint_over_a_longer_log_is_found(place, draft):
    archive = place.open()
    archive.append(draft(0))
    old = archive.checkpoint()
    archive.append(draft(1))
    place.sql("UPDATE logs SET checkpoint = ?, size = 1", old)
    assert 1 in {seq for seq, _ in place.verify().bad}


@pytest.mark.parametrize("value", ["'text'", "5", "1e300", "x''"])
@pytest.mark.parametrize(
    "column", ["entries.leaf", "entries.id", "entries.t", "entries.type", "entries.fp", "blobs.blob"]
)
def test_values_of_other_kinds_in_sqlite_are_findings(sqlite_place, draft, column, value):
    """SQLite keeps a value of any kind in any column."""
    archive = sqlite_place.open()
    archive.append_many([draft(n) for n in range(4)])
    archive.close()
    table, name = column.split(".")
    sqlite_place.sql(f"UPDATE {table} SET {name} = {value} WHERE seq = 2")
    assert {seq for seq, _ in sqlite_place.verify().bad} == {2}


def test_verify_may_run_beside_an_appending_service(place, draft):
    archive = place.open()
    archive.append_many([draft(n) for n in range(500)])
    report = place.verify(
        progress=lambda done, _: archive.append_many([draft(done), draft(done)]) if done < 900 else None
    )
    assert (report.ok, report.bad) == (True, ())
    assert report.size > 500


def test_there_must_be_an_archive_to_verify(tmp_path, sqlite_place):
    sqlite_place.archive_url = f"sqlite:///{tmp_path}/none.db"
    with pytest.raises(WrongUse, match=r"none.db is gone.*put back a copy"):
        sqlite_place.verify()


def test_flipped_bytes_in_the_files_are_findings_or_lie_in_free_space(sqlite_place, draft, tmp_path):
    archive = sqlite_place.open()
    archive.append_many([draft(n, size=3000 * (n % 5 == 0) + 50) for n in range(COUNT)])
    archive.close()
    for name in ("archive.db", "keys.db"):
        with sqlite3.connect(tmp_path / name) as link:
            link.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        link.close()
    names = ("archive.db", "keys.db")
    places = {name: places_of(tmp_path / name) for name in names}
    content = {name: content_of(tmp_path / name) for name in names}
    rng = random.Random(20261123)
    free = 0
    for round_ in range(60):
        name = "keys.db" if round_ % 4 == 0 else "archive.db"
        file = tmp_path / name
        good = file.read_bytes()
        at = rng.randrange(100 if round_ % 10 == 0 else len(good))
        file.write_bytes(good[:at] + bytes([good[at] ^ (1 << rng.randrange(8))]) + good[at + 1 :])
        report = sqlite_place.verify()
        if report.ok:  # then nothing is kept in that byte, and nothing that is kept has changed
            free += 1
            assert places[name][at] != USED, f"{name}: byte {at} is not found"
            assert content_of(file) == content[name]
        for leftover in tmp_path.glob("*.db-*"):
            leftover.unlink()
        file.write_bytes(good)
    assert sqlite_place.verify().ok
    assert 0 < free < 60  # some lay in free space, and not all


@pytest.mark.parametrize("name", ["archive.db", "keys.db"])
@pytest.mark.parametrize("kept", [0, 50, 4096, 20000])
def test_a_file_cut_short_is_a_finding(sqlite_place, draft, tmp_path, name, kept):
    archive = sqlite_place.open()
    archive.append_many([draft(n) for n in range(COUNT)])
    archive.close()
    file = tmp_path / name
    whole = shutil.copyfile(file, tmp_path / "copy").read_bytes()
    file.write_bytes(whole[:kept])
    assert not sqlite_place.verify().ok
