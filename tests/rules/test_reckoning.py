"""What stops a clock: an answer that was accepted, its copy from the site, a person's word; a bounce takes it back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.facts import OrderRef
from rules.reckoning import Answer, Mark, Question, Stop, stop_of

ORDER, OTHER = OrderRef(marketplace="amazon", value="1"), OrderRef(marketplace="amazon", value="2")
ALIAS = "k3@marketplace.amazon.de"


def at(seq):
    return datetime(2026, 11, 27, tzinfo=UTC) + timedelta(minutes=seq)


def asked(seq=10, **more):
    plain = {"clock": "reply", "kind": "buyer_message", "message_id": "q@x", "alias": ALIAS, "sender": ALIAS}
    return Question(seq=seq, **{**plain, "orders": frozenset({ORDER}), "shown": frozenset({ORDER}), **more})


def answered(seq=20, by=30, how="answer", **more):
    plain = {"alias": ALIAS, "recipients": frozenset({ALIAS}), "orders": frozenset({ORDER})}
    return Answer(seq=seq, by=by, at=at(by), how=how, **{**plain, **more})


NOWHERE = {"alias": "", "orders": frozenset(), "recipients": frozenset()}
STOPS = {
    "to the buyer of the order": answered(),
    "to the buyer where no order is known": answered(orders=frozenset()),
    "about the order, to the buyer under another alias": answered(alias="zz@marketplace.amazon.de"),
    "to the message itself": answered(**NOWHERE, refers_to=("x@y", "q@x")),
    "the copy from the site": answered(how="site", alias="", recipients=frozenset()),
}
GOES_ON = {
    "written before it was asked": answered(seq=9),
    "bounced": answered(bounced=True),
    "about another order of the same buyer": answered(orders=frozenset({OTHER})),
    "about the order, to somebody else": answered(alias="", recipients=frozenset({"boss@x"})),
    "to somebody else about nothing": answered(**NOWHERE),
    "the copy of an answer about another order": answered(how="site", orders=frozenset({OTHER})),
    "a claim that was closed": answered(how="closed", kind="claim_closed"),
}


@pytest.mark.parametrize("answer", STOPS.values(), ids=STOPS)
def test_an_answer_stops_the_clock(answer):
    assert stop_of(asked(), [answer], []) == Stop(by=30, at=at(30), how=answer.how)


@pytest.mark.parametrize("answer", GOES_ON.values(), ids=GOES_ON)
def test_what_is_no_answer_to_it_lets_it_run(answer):
    assert stop_of(asked(), [answer], []) is None


def test_a_customer_without_an_alias_is_known_by_the_address():
    question = asked(alias="", sender="ann@mail.example", orders=frozenset())
    assert stop_of(question, [answered(**{**NOWHERE, "recipients": frozenset({"ann@mail.example"})})], [])
    assert (
        stop_of(question, [answered(**{**NOWHERE, "recipients": frozenset({"bob@mail.example"})})], [])
        is None
    )


def test_a_dispute_ends_by_its_closing_or_by_a_reply_to_the_notice_not_by_a_word_to_the_buyer():
    claim = asked(clock="claim_answer", kind="claim_opened", message_id="c@x")
    assert stop_of(claim, [answered()], []) is None
    assert stop_of(claim, [answered(refers_to=("c@x",))], []).how == "answer"
    assert stop_of(claim, [answered(how="closed", kind="claim_closed")], []).how == "closed"
    assert stop_of(claim, [answered(how="closed", kind="chargeback_closed")], []) is None
    assert (
        stop_of(claim, [answered(how="closed", kind="claim_closed", orders=frozenset({OTHER}))], []) is None
    )


def word(by=40, **more):
    return Mark(by=by, at=at(by), **{"clock": "reply", "of": 10, **more})


def test_a_person_s_word_stops_the_clock_that_it_is_about():
    assert stop_of(asked(), [], [word()]).how == "mark"
    assert stop_of(asked(), [], [word(of=None, order=ORDER)]).by == 40
    for other in (
        word(undone=True),
        word(of=11),
        word(of=None, order=OTHER),
        word(clock="claim_answer"),
        word(by=9),
    ):
        assert stop_of(asked(), [], [other]) is None


_ANSWERS = st.builds(
    answered,
    seq=st.integers(0, 30),
    by=st.integers(31, 90),
    how=st.sampled_from(["answer", "site", "closed"]),
    kind=st.sampled_from(["", "claim_closed"]),
    bounced=st.booleans(),
    refers_to=st.sampled_from([(), ("q@x",)]),
    alias=st.sampled_from(["", ALIAS]),
    orders=st.frozensets(st.sampled_from([ORDER, OTHER])),
)
_MARKS = st.builds(word, by=st.integers(0, 90), of=st.integers(8, 12), undone=st.booleans())


@given(answers=st.lists(_ANSWERS, max_size=8), marks=st.lists(_MARKS, max_size=4), data=st.data())
def test_the_order_in_which_things_are_told_changes_nothing(answers, marks, data):
    stop = stop_of(asked(), answers, marks)
    told = stop_of(asked(), data.draw(st.permutations(answers)), data.draw(st.permutations(marks)))
    assert (stop and stop.by) == (told and told.by)
    if stop is not None:  # whoever takes back what stopped it makes the next one count, or the clock go on
        rest = [replace(one, bounced=one.bounced or one.by == stop.by) for one in answers]
        later = stop_of(asked(), rest, [one for one in marks if one.by != stop.by])
        assert later is None or later.by > stop.by
