"""A round of messages asks once what there is to find; each is then told what it would have been told alone."""

import pytest
from sqlalchemy import event

from gateway.store.context import context_of
from gateway.store.engine import open_store
from gateway.store.prospects import Prospects, prospects_of, worth

LONG = "<" + "x" * 2000 + "@x>"


@pytest.fixture
def store(tmp_path):
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    yield store
    store.close()


def test_a_message_is_told_the_same_in_a_round_as_alone(store, story):
    for number, wanted in enumerate(("a@x", LONG, "c@x")):
        seq = story.mail(message_id=wanted, refers_to=(f"root-{number}@x",))
        story.decision(seq, links=[story.link()])
    story.act("link", of=seq, order=story.order(), undo=True, agent="anna")
    story.fold(store)
    below = len(story.pairs)
    asks = [("a@x",), (LONG, "b@x"), ("root-0@x", "root-2@x"), ("c@x",), ("nobody@x",), ()]
    plain = {"alias": "", "orders": (), "twin": b"", "at": story.at(below)}
    with store.read() as conn:
        for at in (below, 3):
            together = prospects_of(
                conn, [at, 0], refers_to=[one for ask in asks for one in ask], ties=(), parcels=()
            )
            told = [
                [context_of(conn, refers_to=ask, below=at, prospects=given, **plain) for given in (None, together)]
                for ask in asks
            ]  # fmt: skip
            assert [alone for alone, _ in told] == [within for _, within in told]
            assert any(alone.thread for alone, _ in told)


def test_what_people_took_from_a_message_of_the_round_is_known(store, story):
    seq = story.mail()
    story.act("link", of=seq, order=story.order(), undo=True, agent="anna")
    story.mail()
    story.fold(store)
    with store.read() as conn:
        assert prospects_of(conn, [seq, seq + 2], refers_to=(), ties=(), parcels=()).denied == {seq}


def test_only_what_stands_before_a_message_is_worth_asking_for():
    assert worth(["a", "b", "c"], {"a": 4, "b": 5}, below=5) == ["a"]


def test_a_message_with_nothing_before_it_asks_nothing(store, story):
    story.mail(message_id="a@x")
    story.fold(store)
    asked = []
    with store.read() as conn:
        event.listen(conn.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
        wanted = {"refers_to": ("b@x",), "tokens": ("t",), "people": ("p",)}
        context_of(
            conn, **wanted, alias="", orders=(), twin=b"", at=story.at(1), below=1, prospects=Prospects()
        )
    assert asked == []
