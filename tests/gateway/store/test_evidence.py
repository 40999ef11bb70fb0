"""What an evidence pack asks of the store, on each database."""

from gateway.store import evidence
from rules.facts import OrderRef

ORDER = OrderRef(marketplace="amazon", value="112-1234567-1234567")
AMAZON = {"marketplace": "amazon", "value": "112-1234567-1234567"}


def test_a_message_comes_with_all_that_came_of_it(store, story):
    one, other = story.mail(), story.mail()
    decided = story.decision(one, links=[story.link()])
    story.decision(other)
    noted = story.add("note", {"of": one, "text": "hello", "agent": "anna"})
    story.fold(store)
    with store.read() as conn:
        assert list(evidence.entries_about(conn, [one])) == [one, decided, noted]
        assert evidence.entries_about(conn, [one])[noted].agent == "anna"
        assert evidence.entries_about(conn, []) == {}


def test_entries_are_had_by_number_and_those_not_read_yet_are_left_out(store, story):
    one = story.mail()
    story.fold(store)
    with store.read() as conn:
        assert list(evidence.events_among(conn, [one, 999])) == [one]


def test_rare_entries_are_had_by_type(store, story):
    story.mail()
    first = story.add("gap", {"from": "2026-01-01"})
    story.mail()
    second = story.add("gap", {"from": "2026-02-01"})
    story.fold(store)
    with store.read() as conn:
        assert [one.seq for one in evidence.events_of_type(conn, "gap")] == [first, second]
        assert evidence.events_of_type(conn, "timestamp") == []


def test_links_that_were_taken_back_are_told_with_the_entry_that_did(store, story):
    one, other = story.mail(), story.mail()
    for message in (one, other):
        story.decision(message, links=[story.link()])
    by = story.add("link", {"of": one, "order": AMAZON, "undo": True, "agent": "anna"})
    story.fold(store)
    with store.read() as conn:
        assert evidence.links_taken_back(conn, ORDER) == [(one, by)]
