"""The worker's loop: the index follows beside it, what goes wrong there is not passed over, and its pipe is given back."""

import os
import select
from pathlib import Path

import pytest

from gateway.mail.entry import Envelope
from gateway.worker import Worker
from tests.small_house import build_house, close, mail


@pytest.fixture
def house(tmp_path):
    made = build_house(tmp_path)
    yield made
    close(made)


def test_the_index_stands_where_the_store_stands_when_the_loop_ends(house):
    seqs = []
    for number in range(3):
        raw = mail(f"Question {number}", "the lamp is broken")
        seqs.append(house.gateway.accept(raw, envelope(house)).result().seq)
    worker = Worker(house.gateway, house.indexer, senders=1)
    worker.run(lambda: house.index.count() == len(seqs), lambda: False)
    worker.close()
    assert house.index.position() == house.archive.head()


def test_an_index_that_fails_ends_the_loop(house):
    class Broken:
        def advance(self, *, quiet=True):
            raise OSError("no room for an index")

    worker = Worker(house.gateway, Broken(), senders=1)
    with pytest.raises(OSError, match="no room"):
        worker.run(lambda: False, lambda: False)
    worker.close()


def test_who_wakes_a_closed_worker_writes_into_no_other_file(house):
    worker = Worker(house.gateway, house.indexer, senders=1)
    worker.close()
    readers, writers = zip(
        *(os.pipe() for _ in range(4)), strict=True
    )  # they get the numbers that were given back
    try:
        worker.wake()
        assert select.select(readers, [], [], 0)[0] == []
    finally:
        for one in (*readers, *writers):
            os.close(one)


def test_a_closed_worker_leaves_no_pipe_open(house):
    def pipes():
        names = [os.readlink(one) for one in Path("/proc/self/fd").iterdir() if one.exists()]
        return sum(name.startswith("pipe:") for name in names)

    before = pipes()
    worker = Worker(house.gateway, house.indexer, senders=1)
    assert pipes() == before + 2
    worker.close()
    assert pipes() == before


def envelope(house):
    return Envelope(source="smtp", received_at=house.clock.now(), mailbox="support@brand.example")
