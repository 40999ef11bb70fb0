"""Opening a store, its schema, its transactions."""

import os
import sqlite3
import stat
import threading
from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from gateway.errors import DiskFull, Temporary, WrongUse
from gateway.store import fold, messages, migrations, tables
from gateway.store.engine import Store, connect, open_store
from gateway.store.migrations import steps
from tests.sqlite_locks import is_held
from tests.stores import no_room


def test_the_migrated_schema_is_the_one_the_code_knows(store):
    with store.read() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []


def test_the_newest_step_is_the_one_that_opening_looks_for():
    assert steps.head() == migrations._HEAD


def test_opening_twice_keeps_what_is_there(url, story):
    first = open_store(url)
    story.mail()
    story.fold(first)
    first.close()
    second = open_store(url)
    with second.read() as conn:
        assert fold.position(conn) == 1
    second.close()


def test_opening_it_again_leaves_the_locks_that_keep_others_out(tmp_path):
    url = f"sqlite:///{tmp_path}/store.db"
    stores = [open_store(url) for _ in range(2)]
    for store in stores:
        with store.read() as conn:
            fold.position(conn)
    stores.append(open_store(url))
    assert is_held(tmp_path / "store.db")
    assert is_held(tmp_path / "store.db-shm")
    for store in stores:
        store.close()


def test_two_processes_may_open_a_new_store_at_the_same_moment(url):
    start, failed = threading.Barrier(4), []

    def open_one():
        start.wait()
        try:
            open_store(url).close()
        except Exception as wrong:  # told to the test
            failed.append(wrong)

    openers = [threading.Thread(target=open_one) for _ in range(4)]
    for opener in openers:
        opener.start()
    for opener in openers:
        opener.join()
    assert failed == []


def test_a_store_of_a_newer_program_is_refused_with_a_way_out(url, store):
    with store.write() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(WrongUse, match=r"newer Docket.*Delete it"):
        open_store(url)


@pytest.mark.parametrize("url", ["not a url", "mysql://x/y", "sqlserver+odd://"])
def test_a_wrong_url_is_answered_in_words(url):
    with pytest.raises(WrongUse, match=r"database|URL"):
        open_store(url)


def test_a_reader_sees_one_moment_throughout(store, story):
    story.mail()
    with store.read() as conn:
        assert messages.seqs(conn, 0, 9) == []
        story.fold(store)
        assert messages.seqs(conn, 0, 9) == []
    with store.read() as conn:
        assert messages.seqs(conn, 0, 9) == [0]


def test_a_reader_on_postgresql_cannot_write(postgres, story):
    store = open_store(postgres())
    story.mail()
    with pytest.raises(DBAPIError, match="read-only"), store.read() as conn:
        fold.apply(conn, *story.pairs[0])
    store.close()


def test_logs_in_one_store_do_not_see_each_other(url, story):
    first, second = open_store(url), open_store(url, log=1)
    seq = story.mail()
    story.decision(seq, tags=["x"], links=[story.link()], jobs=[story.job()])
    story.fold(first)
    with second.read() as conn:
        assert fold.position(conn) == 0
        assert messages.message(conn, seq) is None
    story.fold(second)
    first.clear()
    with second.read() as conn:
        assert messages.message(conn, seq).tags == ("x",)
    first.close()
    second.close()


def test_a_full_disk_and_a_locked_file_are_told_as_what_they_are(tmp_path):
    store = Store(connect(f"sqlite:///{tmp_path / 'a.db'}", synchronous="FULL"))
    with store.write() as tx:
        tx.execute(text("CREATE TABLE x (y BLOB UNIQUE)"))
        tx.execute(text("INSERT INTO x VALUES (1)"))
    with no_room(store), pytest.raises(DiskFull), store.write() as tx:
        tx.execute(text("INSERT INTO x VALUES (zeroblob(100000))"))
    with pytest.raises(IntegrityError), store.write() as tx:
        tx.execute(text("INSERT INTO x VALUES (1)"))
    with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with store.read() as conn:
            conn.execute(text("PRAGMA busy_timeout=0"))
        with pytest.raises(Temporary), store.write():
            pass
    with store.read() as conn:
        assert conn.scalar(text("SELECT count(*) FROM x")) == 1
    store.close()


def test_the_file_is_for_its_owners_eyes_only(tmp_path):
    old = os.umask(0)
    try:
        store = open_store(f"sqlite:///{tmp_path / 'deep' / 'store.db'}")
        with store.read() as conn:
            assert conn.execute(text("PRAGMA journal_mode")).scalar() == "wal"
            assert conn.execute(text("PRAGMA synchronous")).scalar() == 1
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "deep").iterdir()}
        store.close()
    finally:
        os.umask(old)
    assert set(modes.values()) == {0o600}
