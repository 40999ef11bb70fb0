"""The review queue: what waits, why, and what makes it leave."""

import pytest

from gateway.store import erasures
from gateway.store.reviews import waiting, waiting_count

ONE, TWO = "112-1234567-1234567", "026-1111111-1111111"


@pytest.fixture
def queue(store, story):
    def queue(**how):
        story.fold(store)
        with store.read() as conn:
            found = waiting(conn, 99, **how)
            assert waiting_count(conn, mailbox=how.get("mailbox", "")) == len(found)
            return {one.message: [why.why for why in one.why] for one in found}

    return queue


def test_a_buyers_message_without_an_order_waits_until_someone_links_it_or_says_there_is_none(queue, story):
    first, second = story.mail(), story.mail()
    for seq in (first, second):
        story.decision(seq, alias="buyer@m")
    assert queue() == {second: ["unlinked"], first: ["unlinked"]}
    story.act("link", of=first, order=story.order(), agent="anna")
    story.act("link", of=second, none=True, agent="anna")
    assert queue() == {}
    story.act("link", of=second, none=True, undo=True, agent="anna")
    assert queue() == {second: ["unlinked"]}


def test_a_possible_link_waits_until_it_is_confirmed_or_taken_back(queue, story):
    seq = story.mail()
    story.decision(
        seq, links=[story.link(ONE, confidence="possible"), story.link(TWO, confidence="possible")]
    )
    assert queue() == {seq: ["possible", "possible"]}
    story.act("link", of=seq, order=story.order(ONE), agent="anna")
    assert queue() == {seq: ["possible"]}
    story.act("link", of=seq, order=story.order(TWO), undo=True, agent="anna")
    assert queue() == {}


def test_a_link_waits_when_the_one_it_rests_on_is_taken_back(queue, story):
    parent, child = story.mail(), story.mail()
    story.decision(parent, links=[story.link()])
    story.decision(child, links=[story.link(method="thread", via=parent)])
    assert queue() == {}
    story.act("link", of=parent, order=story.order(), undo=True, agent="anna")
    assert queue()[child] == ["ground"]
    story.act("link", of=child, order=story.order(), agent="anna")
    assert child not in queue()


@pytest.mark.parametrize("doubt", ["contradiction", "unknown"])
def test_doubt_waits_whatever_the_confidence(queue, story, doubt):
    seq = story.mail()
    story.decision(seq, links=[story.link(confidence="likely", doubt=doubt)])
    assert queue() == {seq: [doubt]}


def test_what_nobody_needs_to_look_at_does_not_wait(queue, story):
    sure, news, sent, again = story.mail(), story.mail(), story.mail("mail.out"), story.mail()
    story.decision(sure, links=[story.link()])
    story.decision(news, marketplace="", kind="")
    story.decision(sent)
    story.decision(again, links=[story.link(confidence="possible")], retry_of=sure)
    assert queue() == {}


def test_what_came_to_an_unknown_drop_address_waits(queue, story, store):
    seq = story.mail()
    story.decision(seq, kind="", dropped=[{"ref": "9-9", "orders": [], "sure": False}])
    assert queue() == {seq: ["unlinked"]}
    with store.read() as conn:
        (row,) = waiting(conn, 9)
    assert "9-9" in row.why[0].said


def test_the_queue_is_newest_first_by_mailbox_and_pages_join(queue, story, store):
    for n in range(6):
        seq = story.mail(mailbox="b@x.example" if n % 2 else "a@x.example", occurred_at=story.at(n // 3))
        story.decision(seq, alias="buyer@m")
    everything = list(queue())
    assert len(queue(mailbox="a@x.example")) == 3
    paged, before = [], None
    with store.read() as conn:
        while page := waiting(conn, 2, before=before):
            paged += [one.message for one in page]
            before = (page[-1].occurred_at, page[-1].message)
    assert paged == everything == sorted(everything, reverse=True)


def test_an_erased_message_leaves_the_queue(queue, story, store):
    seq = story.mail()
    story.decision(seq, alias="buyer@m")
    assert queue()
    with store.write() as tx:
        erasures.forget(tx, seq)
    assert queue() == {}
