"""A person's word outranks every decision, whenever either comes, for ever."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.store import messages, orders
from gateway.store.labels import add_links
from gateway.store.reviews import waiting
from rules.facts import Link, OrderRef

ONE, TWO = "112-1234567-1234567", "026-1111111-1111111"


def standing(store, seq):
    with store.read() as conn:
        return {one.link.order.value for one in orders.links_of(conn, seq) if one.undone_by is None}


def test_what_was_taken_back_before_the_decision_stays_taken_back(store, story):
    seq = story.mail()
    undo = story.act("link", of=seq, order=story.order(), undo=True, agent="anna")
    story.decision(seq, links=[story.link(ONE), story.link(TWO)])
    story.fold(store)
    assert standing(store, seq) == {TWO}
    with store.read() as conn:
        assert [one.undone_by for one in orders.links_of(conn, seq)] == [undo, None]


def test_a_message_of_no_order_is_linked_by_no_decision_but_by_a_person(store, story):
    seq = story.mail()
    story.act("link", of=seq, none=True, agent="anna")
    story.decision(seq, links=[story.link(ONE), story.link(TWO)])
    story.fold(store)
    assert standing(store, seq) == set()
    story.act("link", of=seq, order=story.order(TWO), agent="anna")
    story.fold(store)
    assert standing(store, seq) == {TWO}


def test_no_order_takes_every_link_back_at_once(store, story):
    seq = story.mail()
    story.decision(seq, links=[story.link(ONE), story.link(TWO)])
    story.act("link", of=seq, order=story.order(TWO), agent="bo")
    story.act("link", of=seq, none=True, agent="anna")
    story.fold(store)
    assert standing(store, seq) == set()


def test_a_link_whose_ground_was_taken_back_is_inherited_no_further(store, story):
    first = story.mail(message_id="a@x")
    story.decision(first, links=[story.link(ONE)])
    second = story.mail(message_id="b@x", refers_to=("a@x",))
    story.decision(second, links=[story.link(ONE, method="thread", via=first)])
    third = story.mail(message_id="c@x", refers_to=("b@x",))
    story.decision(third, links=[story.link(ONE, method="thread", via=first)])
    story.act("link", of=first, order=story.order(ONE), undo=True, agent="anna")
    story.fold(store)
    asked = {"alias": "", "orders": (), "twin": b"", "at": story.at(99), "below": 99}
    with store.read() as conn:
        assert messages.context_of(conn, refers_to=("c@x", "b@x"), **asked).thread == ()
        severed = messages.context_of(conn, refers_to=("a@x",), **asked).severed
    assert severed == {OrderRef(marketplace="amazon", value=ONE)}


_ACT = st.one_of(
    st.tuples(st.just("link"), st.sampled_from([ONE, TWO])),
    st.tuples(st.just("undo"), st.sampled_from([ONE, TWO])),
    st.tuples(st.just("none"), st.just("")),
    st.tuples(st.just("decide"), st.sampled_from([ONE, TWO])),
    st.tuples(st.just("again"), st.sampled_from([ONE, TWO])),
)


@settings(
    max_examples=80,
    deadline=timedelta(seconds=20),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(acts=st.lists(_ACT, max_size=12))
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_whatever_is_decided_again_the_last_word_of_a_person_stands(store, new_story, acts):
    story = new_story()
    store.clear()
    seq = story.mail()
    last = {ONE: None, TWO: None}  # what a person said of each; None: nothing yet
    proposed, decided = set(), False
    for what, value in acts:
        order = story.order(value)
        if what == "link":
            story.act("link", of=seq, order=order, agent="anna")
            last[value] = True
        elif what == "undo":
            story.act("link", of=seq, order=order, undo=True, agent="anna")
            last[value] = False
            proposed.discard(value)
        elif what == "none":
            story.act("link", of=seq, none=True, agent="anna")
            last = {ONE: False, TWO: False}
            proposed.clear()
        else:
            by = story.decision(seq, links=[story.link(value)])
            if what == "again":
                # As any later deciding would write it, whatever it thinks of the first one.
                story.fold(store)
                link = Link(
                    order=OrderRef(marketplace="amazon", value=value),
                    method="stated",
                    confidence="certain",
                    reason="a replay says so",
                )
                with store.write() as tx:
                    add_links(tx, 0, [(by + 1000, seq, (link,))])
            elif decided:
                continue
            decided = True
            if last[value] is not False:
                proposed.add(value)
    story.fold(store)
    expected = {value for value in (ONE, TWO) if last[value] or (last[value] is None and value in proposed)}
    assert standing(store, seq) >= {value for value in expected if last[value]}
    assert not standing(store, seq) & {value for value in (ONE, TWO) if last[value] is False}


_WORDS = st.one_of(
    st.tuples(st.just("link"), st.sampled_from([ONE, TWO])),
    st.tuples(st.just("undo"), st.sampled_from([ONE, TWO])),
    st.tuples(st.just("none"), st.just("")),
)


def said(store, seq):
    from sqlalchemy import select

    from gateway.store import tables

    with store.read() as conn:
        words = {
            (row.value, row.belongs) for row in conn.execute(select(tables.verdicts)) if row.message == seq
        }
    # who says that there is no order has said it of each
    return {one for one in words if one[1]} | {("", False)} if ("", False) in words else words


@settings(
    max_examples=60,
    deadline=timedelta(seconds=20),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(before=st.lists(_WORDS, max_size=5), word=_WORDS)
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_what_is_taken_for_not_said_leaves_all_as_it_was(store, new_story, before, word):
    story = new_story()
    store.clear()
    seq = story.mail()
    story.decision(seq, links=[story.link(ONE, confidence="possible"), story.link(TWO)])

    def say(what, value):
        if what == "none":
            return story.act("link", of=seq, none=True, agent="anna")
        return story.act("link", of=seq, order=story.order(value), undo=what == "undo", agent="anna")

    def state():
        story.fold(store)
        with store.read() as conn:
            links = [one.link.order.value for one in orders.links_of(conn, seq) if one.undone_by is None]
            return sorted(links), said(store, seq), [one.why for one in waiting(conn, 9)]

    for what, value in before:
        if what != "none" or ("", False) not in state()[1]:  # the button is there once
            say(what, value)
    if word[0] == "none" and ("", False) in state()[1]:
        return
    was = state()
    by = say(*word)
    state()
    story.act("link", of=seq, withdraws=by, agent="anna")
    assert state() == was
    story.act("link", of=seq, withdraws=by, agent="anna")  # said once more, it changes nothing
    assert state() == was
