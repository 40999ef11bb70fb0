"""Clocks folded: what starts, stops and re-opens them, whatever else is linked, unlinked or said meanwhile."""

from datetime import timedelta

import pytest

from gateway.store import due
from gateway.store.erasures import forget
from gateway.store.turns import came_back
from rules.facts import OrderRef

ORDER = OrderRef(marketplace="amazon", value="112-1234567-1234567")
ALIAS = "buyer@marketplace.amazon.de"


@pytest.fixture
def told(story):
    """A story with the moves of a conversation."""

    def ask(**more):
        seq = story.mail()
        story.decision(seq, **{"links": [story.link()], "clocks": [story.clock()], "alias": ALIAS, **more})
        return seq

    def answer(type_="mail.out", accepted=True, recipients=(ALIAS,), **more):
        seq = story.mail(type_)
        job = story.job(0, "relay", recipients)
        story.decision(seq, **{"links": [story.link()], "alias": ALIAS, "kind": "", "jobs": [job], **more})
        if accepted:
            story.outcome(seq, outcomes=[{"kind": "delivered", "recipients": list(recipients)}])
        return seq

    story.ask, story.answer = ask, answer
    return story


def look(store, story, order=ORDER):
    story.fold(store)
    with store.read() as conn:
        return due.clocks_of_order(conn, order)


def test_a_question_starts_a_clock_and_the_acceptance_of_an_answer_stops_it(store, told):
    seq = told.ask()
    (one,) = look(store, told)
    assert (one.message, one.name, one.stopped_by, one.due_at - one.started_at) == (
        seq,
        "reply",
        None,
        timedelta(hours=24),
    )
    answer = told.answer(accepted=False)
    assert look(store, told)[0].stopped_by is None
    by = told.outcome(answer, outcomes=[{"kind": "delivered", "recipients": [ALIAS]}])
    (one,) = look(store, told)
    assert (one.stopped_by, one.stopped_at, one.how, one.kept) == (by, told.at(by), "answer", True)


def test_clocks_are_looked_up_however_many_messages_are_asked_for(store, told):
    seq = told.ask()
    look(store, told)
    with store.read() as conn:
        assert list(due.clocks_on(conn, range(300_000))) == [(seq, "reply")]


NOT = {
    "refused": {"kind": "refused", "recipients": [ALIAS]},
    "deferred": {"kind": "deferred", "recipients": [ALIAS]},
    "taken for a colleague alone": {"kind": "delivered", "recipients": ["boss@brand.example"]},
}


@pytest.mark.parametrize("outcome", NOT.values(), ids=NOT)
def test_what_the_buyer_s_side_has_not_taken_stops_nothing(store, told, outcome):
    told.ask()
    told.outcome(told.answer(accepted=False), outcomes=[outcome], final=False)
    assert look(store, told)[0].stopped_by is None


def test_a_question_that_came_after_the_answer_was_written_goes_on(store, told):
    first = told.ask()
    answer = told.answer(accepted=False)
    second = told.ask()
    told.outcome(answer, outcomes=[{"kind": "delivered", "recipients": [ALIAS]}])
    assert [(one.message, one.stopped_by is None) for one in look(store, told)] == [
        (first, False),
        (second, True),
    ]


def test_a_bounce_sets_it_going_again_and_the_next_answer_stops_it(store, told):
    told.ask()
    answer = told.answer()
    bounce = told.mail()
    told.decision(bounce, kind="not_delivered", bounced=[f"m{answer}@market.example"])
    assert look(store, told)[0].stopped_by is None
    told.answer()
    assert look(store, told)[0].how == "answer"


def test_a_bounce_may_know_the_answer_by_our_mark_alone(store, told):
    told.ask()
    answer = told.answer()
    told.answer()  # not this one
    told.decision(told.mail(), kind="not_delivered", bounced=[f"ID{answer:024}"])
    told.fold(store)
    with store.read() as conn:
        assert came_back(conn, range(answer + 20)) == {answer}


def test_a_stranger_s_bounce_on_an_order_takes_nothing_back(store, told):
    told.ask()
    told.answer()
    told.decision(told.mail(), kind="not_delivered", links=[told.link(confidence="possible")], bounced=[])
    assert look(store, told)[0].how == "answer"


@pytest.mark.parametrize("known_by", ["order", "buyer"])
def test_a_bounce_that_names_no_message_takes_back_the_newest_answer(store, told, known_by):
    told.ask()
    told.answer()
    links = [told.link()] if known_by == "order" else []
    told.decision(told.mail(), kind="not_delivered", links=links, bounced=[ALIAS])
    assert look(store, told)[0].stopped_by is None


def test_the_copy_of_an_answer_on_the_site_stops_it_and_history_does_not(store, told):
    told.ask()
    told.answer(live=False, accepted=False)
    assert look(store, told)[0].stopped_by is None
    told.decision(told.mail(), kind="own_answer_copy", direction="outbound", links=[told.link()])
    assert look(store, told)[0].how == "site"


def test_a_stranger_who_merely_quotes_the_order_closes_no_claim(store, told):
    told.ask(kind="claim_opened", clocks=[told.clock("claim_answer", 48)])
    told.decision(told.mail(), kind="claim_closed", links=[told.link(confidence="possible")])
    assert look(store, told)[0].stopped_by is None
    told.decision(told.mail(), kind="claim_closed", links=[told.link()])
    assert look(store, told)[0].how == "closed"


def test_a_person_s_word_stops_the_clocks_of_an_order_until_it_is_taken_back(store, told):
    told.ask()
    told.ask()
    word = {"order": told.order(), "clock": "reply", "agent": "anna"}
    told.act("mark", **word, **{"as": "no answer needed"})
    later = told.ask()
    assert [one.how for one in look(store, told)] == ["mark", "mark", ""]
    told.act("mark", **word, undo=True)
    told.act("mark", of=later, clock="reply", agent="anna")
    assert [one.how for one in look(store, told)] == ["", "", "mark"]


def test_a_person_s_word_counts_for_what_may_belong_to_the_order_too(store, told):
    told.ask(links=[told.link(confidence="possible")])
    told.act("mark", order=told.order(), clock="reply", agent="anna")
    assert look(store, told)[0].how == "mark"


def test_a_link_by_hand_and_its_undoing_are_followed(store, told):
    told.ask(alias="")
    answer = told.answer(alias="", recipients=("support@market.example",), links=[])
    assert look(store, told)[0].stopped_by is None
    told.act("link", of=answer, order=told.order(), agent="anna")
    assert look(store, told)[0].stopped_by is None  # about the order, and not to the buyer
    copy = told.mail()
    told.decision(copy, kind="own_answer_copy", direction="outbound")
    told.act("link", of=copy, order=told.order(), agent="anna")
    assert look(store, told)[0].how == "site"
    told.act("link", of=copy, order=told.order(), undo=True, agent="anna")
    assert look(store, told)[0].stopped_by is None


def test_of_an_order_the_oldest_question_is_what_is_owed(store, told):
    first = told.ask()
    told.ask()
    alone = told.ask(links=[], alias="")
    told.fold(store)
    with store.read() as conn:
        assert [one.message for one in due.oldest_waits(due.running(conn))] == [first, alone]
        assert len(due.running(conn)) == 3
        assert len(due.running(conn, limit=1)) == 1
        assert due.overdue_count(conn, told.at(0) + timedelta(days=2)) == 3


def test_what_is_erased_has_no_clock(store, told):
    seq = told.ask()
    told.fold(store)
    with store.write() as tx:
        forget(tx, seq)
    told.answer()
    assert look(store, told) == []
