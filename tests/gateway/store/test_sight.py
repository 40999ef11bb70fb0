"""What a narrowed store shows, on each database: rows of the mailboxes somebody has, by every table's own rule."""

import pytest
from sqlalchemy import func, select

from gateway.store import fold, sight, tables
from gateway.store.engine import open_store
from gateway.store.sight import narrowed


def test_every_table_has_its_rule():
    ruled = {*sight.OF_MESSAGE, *sight.OF_ORDER, *sight.OF_NOBODY, *sight.OF_BOTH, tables.messages}
    assert ruled == set(tables.metadata.tables.values())


def test_a_narrowed_store_reads_its_own_and_knows_how_far_the_whole_is(url, story):
    store = open_store(url)
    try:
        seq = story.mail()
        story.decision(seq, tags=["x"], links=[story.link()], jobs=[story.job()])
        story.add("config", {})
        story.fold(store)
        with store.read() as conn:
            boxes = sorted(set(conn.scalars(select(tables.messages.c.mailbox))))
            total = conn.scalar(select(func.count()).select_from(tables.messages))
            there = fold.position(conn)
        assert boxes
        assert total
        for box, shown in ((boxes[0], True), ("it's {schema}@x.example", False), ("\\' OR 1=1 --", False)):
            mine = narrowed(store, [box])
            assert narrowed(store, [box, box]) is mine
            with mine.read() as conn:
                for table in (tables.messages, tables.addresses, tables.events):
                    assert (conn.scalar(select(func.count()).select_from(table)) > 0) is shown, table.name
                assert set(conn.scalars(select(tables.messages.c.mailbox))) == ({box} if shown else set())
                assert fold.position(conn) == there
            with pytest.raises(PermissionError), mine.write():
                pass
    finally:
        store.close()


def test_no_mailboxes_are_no_sight(url):
    store = open_store(url)
    try:
        with pytest.raises(ValueError, match="no mailboxes"):
            narrowed(store, [])
    finally:
        store.close()
