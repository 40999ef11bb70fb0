"""What is read ahead is taken in its turn, thrown away where the turn is another's, and bounded."""

import pytest

from gateway.mail.entry import Draft
from index.analyzer import analyze
from tests.small_house import build_house, close, mail


@pytest.fixture
def house(tmp_path):
    made = build_house(tmp_path)
    yield made
    close(made)


def test_rounds_follow_each_other_whatever_was_begun_meanwhile(house, monkeypatch):
    monkeypatch.setattr("gateway.ahead._ROUND", 2)
    first = house.archive.head()
    house.archive.append_many([Draft(type="note", payload=b"{}", meta={}) for _ in range(5)])
    ahead = house.gateway._ahead

    def taken(start):
        return [entry.seq - first for entry in ahead.take(first + start).entries]

    assert taken(0) == [0, 1]
    assert taken(2) == [2, 3]
    assert taken(1) == [1, 2]  # begun was 4: thrown away
    assert taken(3) == [3, 4]
    assert taken(5) == []
    house.archive.append(Draft(type="note", payload=b"{}", meta={}))
    assert taken(5) == [5]  # nothing of the empty round before is left


def test_a_round_ends_where_its_messages_would_take_too_much_memory(house, monkeypatch):
    monkeypatch.setattr("gateway.ahead._ROUND_BYTES", 5_000)
    first = house.archive.head()
    house.archive.append_many([Draft(type="note", payload=b"x" * 3_000, meta={}) for _ in range(5)])
    assert [entry.seq - first for entry in house.gateway._ahead.take(first).entries] == [0, 1]


def test_what_is_told_ahead_is_what_the_store_keeps(house):
    ahead = house.gateway._ahead
    seq = house.take(mail("Größe", "Die Lampe kam beschädigt an, order 112-1234567-1234567"))
    (again,) = ahead.read_again([seq])
    kept = house.archive.open_for(seq, "text", again.row.sealed_text).decode()
    assert kept == again.understood.mail.text
    assert again.understood.analysis == analyze(kept)
