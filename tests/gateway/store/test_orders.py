"""Orders as they stand in their links, and timelines."""

import pytest

from gateway.store import orders
from rules.facts import OrderRef

ORDER = OrderRef(marketplace="amazon", value="112-1234567-1234567")


@pytest.fixture
def history(store, story):
    """Two messages of one order, the later one first in time, and one of another marketplace's of the same number."""
    late = story.mail()
    story.decision(late, links=[story.link(confidence="likely")])
    early = story.mail(occurred_at=story.at(-1000))
    story.decision(early, links=[story.link(), story.link("x-1", confidence="possible")])
    other = story.mail()
    story.decision(other, links=[story.link(marketplace="ebay")])
    story.fold(store)
    return late, early, other


def test_an_orders_messages_stand_in_the_order_they_occurred(store, history):
    late, early, _ = history
    with store.read() as conn:
        assert [row.seq for row in orders.messages_of(conn, ORDER)] == [early, late]


@pytest.mark.parametrize(
    "value", ["112-1234567-1234567", "11212345671234567", " 112 1234567 1234567", "112–1234567-1234567"]
)
def test_an_order_is_found_however_its_dashes_are_written(store, story, history, value):
    with store.read() as conn:
        found = orders.find_orders(conn, value)
        assert [(one.order.marketplace, one.messages, one.confidence) for one in found] == [
            ("amazon", 2, "certain"),
            ("ebay", 1, "certain"),
        ]
        assert (found[0].first_at, found[0].last_at) == (story.at(-1000), story.at(0))


@pytest.mark.parametrize("value", ["", "--", "nothing", "112"])
def test_no_order_is_found_where_there_is_none(store, history, value):
    with store.read() as conn:
        assert orders.find_orders(conn, value) == []


def test_the_orders_last_busy_come_first(store, history):
    with store.read() as conn:
        assert [one.order.value for one in orders.recent_orders(conn, 2)] == [ORDER.value] * 2
        assert [one.order.marketplace for one in orders.recent_orders(conn, 3)] == [
            "ebay",
            "amazon",
            "amazon",
        ]


def test_a_timeline_holds_what_is_about_the_order_and_about_its_messages(store, story, history):
    late, early, other = history
    on_order = story.act("note", order=story.order(), text="called the carrier", agent="anna")
    on_mail = story.act("mark", of=early, agent="ben", **{"as": "urgent"})
    story.act("note", of=other, text="elsewhere", agent="anna")
    story.outcome(late)
    story.fold(store)
    with store.read() as conn:
        events = orders.events_of(conn, order=ORDER)
        assert [one.seq for one in events] == [0, 1, 2, 3, on_order, on_mail, len(story.pairs) - 1]
        note, mark, ended = events[-3:]
        assert (note.order, note.of, note.agent, note.summary) == (
            ORDER,
            None,
            "anna",
            {"text": "called the carrier"},
        )
        assert (mark.of, mark.agent, mark.summary) == (early, "ben", {"as": "urgent"})
        assert ended.summary["outcomes"][0]["reply"] == "250 delivered"
        assert "headers" not in ended.summary
        assert [one.seq for one in orders.events_of(conn, message=late)] == [0, 1, len(story.pairs) - 1]
        assert orders.events_of(conn) == []


def test_a_timeline_says_what_was_decided_but_not_by_heart(store, story, history):
    late, *_ = history
    with store.read() as conn:
        decided = orders.events_of(conn, message=late)[1].summary
    assert decided["kind"] == "buyer_message"
    assert decided["links"] == [{"order": story.order(), "confidence": "likely", "method": "stated"}]
    assert "reasons" not in decided


def test_a_refused_submission_shows_its_verdict(store, story):
    seq = story.mail("mail.refused")
    one, row = story.pairs.pop()
    story.add("mail.refused", raw=one.payload, row=row, meta={"verdict": {"reply": "550 5.7.1 no links"}})
    story.fold(store)
    with store.read() as conn:
        (event,) = orders.events_of(conn, message=seq)
        assert event.summary == {"verdict": {"reply": "550 5.7.1 no links"}}
        assert event.agent == "anna"
