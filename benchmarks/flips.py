"""One byte changed, the archive verified, the byte put back: in every column that is kept, and anywhere in the files.

A change that ``docket verify`` does not find must lie where nothing is kept: in a byte that a walk over every page of
the file proves free, or in one of the few (journal mode, caches, row numbers that part two pages) that nothing of the
content hangs on; and the whole content, read through the tables, must be what it was. Anything else is a miss.
"""

import random
import sqlite3
from collections import Counter
from pathlib import Path

from gateway.archive.verify import Report, verify_archive
from tests.sqlite_pages import FREE, content_of, places_of

# where something is kept, and how its rows are numbered: each change must be found under that entry's number
_COLUMNS = (
    ("archive", "entries", "leaf", "seq"),
    ("archive", "entries", "id", "seq"),
    ("archive", "entries", "type", "seq"),
    ("archive", "entries", "t", "seq"),
    ("archive", "entries", "fp", "seq"),
    ("archive", "blobs", "blob", "seq"),
    ("archive", "tiles", "hashes", "number"),
    ("archive", "logs", "checkpoint", "log"),
    ("keys", "keys", "wrapped", "id"),
    ("keys", "keys", "kek", "id"),
)


def stand_still(data: Path) -> None:
    """Move what the journals hold into the files, so that each file is the whole truth."""
    for name in ("archive", "keys"):
        with sqlite3.connect(data / f"{name}.db") as link:
            assert link.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
        link.close()


def verify(data: Path) -> Report:
    urls = (f"sqlite:///{data}/{name}.db" for name in ("archive", "keys"))
    return verify_archive(*urls, data / "secrets")


def flip_columns(data: Path, each: int) -> list[str]:
    """Change one byte of a value, ``each`` times for every column; return what was not found under its entry."""
    rng, missed = random.Random(11), list[str]()
    with sqlite3.connect(data / "archive.db") as link:
        seq_of = dict(link.execute("SELECT id, seq FROM entries"))
    link.close()
    for name, table, column, key in _COLUMNS:
        found = 0
        for _ in range(each):
            with sqlite3.connect(data / f"{name}.db", isolation_level=None) as link:
                rowid, value, number = _any_row(link, rng, table, column, key)
                changed, at = _changed(value, rng)
                where, args = rowid
                link.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (changed, *args))
                named = {seq for seq, _ in verify(data).bad}
                link.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (value, *args))
            link.close()
            wanted = _wanted(table, number, at, seq_of, args)
            if wanted <= named:
                found += 1
            else:
                missed.append(f"{table}.{column} of {args} at byte {at}: told {sorted(map(str, named))}")
        print(f"{each} bytes changed in {table}.{column}: {found} found, entry named", flush=True)
    assert verify(data).ok
    stand_still(data)
    return missed


def _any_row(link, rng, table, column, key):  # type: ignore[no-untyped-def]
    """Return a row's own condition, the value there, and its number."""
    keys = {"tiles": ("log", "level", "number"), "keys": ("log", "id"), "logs": ("log",)}.get(
        table, ("log", "seq")
    )
    count = link.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    row = link.execute(
        f"SELECT {', '.join(keys)}, {column}, {key} FROM {table} LIMIT 1 OFFSET ?",
        (rng.randrange(count),),
    ).fetchone()
    where = " AND ".join(f"{each} = ?" for each in keys)
    return (where, row[: len(keys)]), row[-2], row[-1]


def _changed(value: object, rng: random.Random) -> tuple[object, int]:
    if isinstance(value, int):
        return value ^ 1 << rng.randrange(20), 0
    data = value.encode() if isinstance(value, str) else bytes(value)  # type: ignore[arg-type]
    at = rng.randrange(len(data))
    # text stays text: another character of its own kind
    other = data[at] ^ (1 << rng.randrange(8)) if isinstance(value, bytes) else (data[at] ^ 1)
    data = data[:at] + bytes([other]) + data[at + 1 :]
    return (data.decode() if isinstance(value, str) else data), at


def _wanted(
    table: str, number: object, at: int, seq_of: dict[str, int], args: tuple[object, ...]
) -> set[int | None]:
    """Return which entries must be named for a change."""
    match table:
        case "keys":
            return {seq_of[str(args[1])]}
        case "logs":
            return {None}  # the signature over the whole log: no single entry is meant
        case "tiles":
            level = int(args[1])  # type: ignore[call-overload]
            return {(int(number) * 256 + at // 32) * 256**level}  # type: ignore[call-overload]
        case _:
            return {number}  # type: ignore[arg-type]


def flip_files(data: Path, count: int) -> list[str]:
    """Change one byte of the files, ``count`` times; return what was neither found nor proven to lie in free space."""
    rng, missed, told = random.Random(7), list[str](), Counter[str]()
    names = ("archive.db", "keys.db")
    places = {name: places_of(data / name) for name in names}
    before = {name: content_of(data / name) for name in names}
    for turn in range(count):
        name = names[turn % 4 == 3]
        file = data / name
        whole = file.read_bytes()
        at = rng.randrange(100 if turn % 20 == 0 else len(whole))  # the header more often than its share
        mark = places[name][at]
        file.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << rng.randrange(8))]) + whole[at + 1 :])
        try:
            report = verify(data)
            same = not report.ok or content_of(file) == before[name]
        except Exception as wrong:
            missed.append(f"{name} at {at}: raised {wrong!r}")
            continue
        finally:
            for leftover in data.glob("*.db-*"):
                leftover.unlink()
            file.write_bytes(whole)
        if not report.ok:
            named = any(seq is not None for seq, _ in report.bad)
            told["found, an entry named" if named else "found as damage of the file"] += 1
        elif (mark and mark != 2) or not same:
            missed.append(f"{name} at {at}: not found, and something is kept there")
        else:
            told[
                "in free space, proven" if mark == FREE else "in a field that no content hangs on, proven"
            ] += 1
    for name, marks in places.items():
        print(f"{name}: {len(marks)} bytes, of them {marks.count(FREE)} free")
    print(f"{count} bytes changed in the files: {dict(told)}", flush=True)
    assert verify(data).ok
    return missed
