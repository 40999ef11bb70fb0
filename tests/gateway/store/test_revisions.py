"""A decision made again takes the place of the one that stood, but not of what people said, and nothing is done for it."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.store import dossiers, due, jobs, messages, orders, reviews
from gateway.store.engine import open_store
from rules.facts import OrderRef

ONE, TWO = "112-1234567-1234567", "026-1111111-1111111"


def row_of(store, seq):
    with store.read() as conn:
        return messages.message(conn, seq)


def links_of(store, seq):
    with store.read() as conn:
        return orders.links_of(conn, seq)


def standing(store, seq):
    return {one.link.order.value: one for one in links_of(store, seq) if one.undone_by is None}


def test_a_message_is_what_the_new_decision_says(store, story):
    seq = story.mail()
    first = story.decision(seq, tags=["a", "b"], links=[story.link(ONE), story.link(TWO)], jobs=[story.job()])
    story.fold(store)
    state = row_of(store, seq).state
    again = story.decision(
        seq, tags=["b", "c"], links=[story.link(TWO), story.link("1-2-3")], kind="return_request",
        alias="other@m", jobs=[story.job(5)], parcels=[{"carrier": "UPS", "number": "1Z", "where": "text"}], instead_of=first,
    )  # fmt: skip
    story.fold(store)
    row = row_of(store, seq)
    assert (row.decided_by, row.kind, row.alias, row.tags) == (again, "return_request", "other@m", ("b", "c"))
    assert {value: one.by for value, one in standing(store, seq).items()} == {TWO: first, "1-2-3": again}
    assert [one.undone_by for one in links_of(store, seq) if one.link.order.value == ONE] == [again]
    with store.read() as conn:
        assert messages.exact_terms(conn, [seq]) == {seq: ("1Z",)}
        assert jobs.counts(conn)["ready"] == 1  # the first decision's own, and no other
    assert row.state == state


def test_one_that_names_another_than_the_one_that_stands_changes_nothing(store, story):
    seq = story.mail()
    first = story.decision(seq, tags=["a"])
    story.decision(seq, tags=["b"], instead_of=first)
    story.decision(seq, tags=["c"], instead_of=first)
    story.decision(seq, tags=["d"], instead_of=77)
    story.decision(404, tags=["e"], instead_of=first)
    story.fold(store)
    assert row_of(store, seq).tags == ("b",)


def test_what_people_said_of_tags_stays(store, story):
    seq = story.mail()
    story.act("tag", of=seq, add=["mine"], remove=["early"], agent="anna")
    first = story.decision(seq, tags=["early", "off", "both"])
    story.act("tag", of=seq, add=["both"], remove=["off"], agent="anna")
    story.fold(store)
    assert row_of(store, seq).tags == ("both", "mine")
    story.decision(seq, tags=["off", "early", "new"], instead_of=first)
    story.fold(store)
    assert row_of(store, seq).tags == ("both", "mine", "new")


def test_what_people_said_of_links_stays(store, story):
    seq = story.mail()
    first = story.decision(seq, links=[story.link(ONE), story.link(TWO, confidence="possible")])
    story.act("link", of=seq, order=story.order(ONE), undo=True, agent="anna")
    story.act("link", of=seq, order=story.order(TWO), agent="anna")
    story.decision(seq, links=[story.link(ONE)], instead_of=first)
    story.fold(store)
    found = standing(store, seq)
    assert {value: one.agent for value, one in found.items()} == {TWO: "anna"}


def test_what_was_inherited_from_a_link_that_is_gone_waits_for_a_word_and_is_inherited_no_further(
    store, story
):
    first = story.mail(message_id="a@x")
    decided = story.decision(first, links=[story.link(ONE)])
    second = story.mail(message_id="b@x", refers_to=("a@x",))
    story.decision(second, links=[story.link(ONE, method="thread", via=first)])
    story.decision(first, links=[], instead_of=decided)
    story.fold(store)
    with store.read() as conn:
        assert {one.message: one.why[0].why for one in reviews.waiting(conn, 10)} == {
            first: "unlinked",
            second: "ground",
        }
        context = messages.context_of(
            conn, refers_to=("b@x",), alias="", orders=(), twin=b"", at=story.at(99), below=99
        )
    assert context.thread == ()


def test_a_clock_runs_from_when_the_message_came_and_answers_count(store, story):
    order = OrderRef(marketplace="amazon", value=ONE)
    seq = story.mail()
    first = story.decision(seq, links=[story.link(ONE)], kind="")
    clock = story.clock()
    answer = story.mail("mail.out")
    story.decision(
        answer, links=[story.link(ONE)], kind="", alias="b@m", jobs=[story.job(0, "relay", ("b@m",))]
    )
    taken = story.outcome(answer, outcomes=[{"kind": "delivered", "recipients": ["b@m"]}])
    again = story.decision(seq, links=[story.link(ONE)], alias="b@m", clocks=[clock], instead_of=first)
    story.fold(store)
    with store.read() as conn:
        (one,) = due.clocks_of_order(conn, order)
    assert (one.message, one.stopped_by) == (seq, taken)
    story.decision(seq, links=[story.link(ONE)], kind="", instead_of=again)
    story.fold(store)
    with store.read() as conn:
        assert due.clocks_of_order(conn, order) == []


def test_a_dispute_that_is_recognised_later_holds_its_dossier_and_a_hold_that_was_released_is_not_set_again(
    store, story
):
    order = OrderRef(marketplace="amazon", value=ONE)
    seq = story.mail()
    first = story.decision(seq, links=[story.link(ONE)])
    dispute = {"kind": "claim_opened", "links": [story.link(ONE)], "clocks": [story.clock("claim_answer")]}
    second = story.decision(seq, **dispute, instead_of=first)
    story.fold(store)
    with store.read() as conn:
        assert dossiers.dossier_of(conn, order).held_by == second
    story.act("dossier", order=story.order(ONE), hold=False, agent="anna")
    story.decision(seq, **dispute, tags=["x"], instead_of=second)
    story.fold(store)
    with store.read() as conn:
        assert dossiers.dossier_of(conn, order).held_by is None
    assert row_of(store, seq).tags == ("x",)


_TAGS = st.lists(st.sampled_from(["a", "b", "c"]), max_size=3)
_LINKS = st.lists(
    st.tuples(st.sampled_from([ONE, TWO]), st.sampled_from(["certain", "possible"])), max_size=2, unique_by=lambda one: one[0]
)  # fmt: skip
_DECIDED = st.tuples(_TAGS, _LINKS, st.sampled_from(["", "buyer_message", "claim_opened"]), st.booleans())
_ACT = st.one_of(
    st.tuples(st.just("tag"), _TAGS, _TAGS),
    st.tuples(st.just("link"), st.sampled_from([ONE, TWO]), st.booleans()),
)
_FOLDED = {"by", "decided_by"}


@pytest.fixture
def plain(tmp_path):
    store = open_store(f"sqlite:///{tmp_path / 'plain.db'}")
    yield store
    store.close()


@settings(
    max_examples=80,
    deadline=timedelta(seconds=20),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    drawn=st.lists(_DECIDED, min_size=2, max_size=4), acts=st.lists(_ACT, max_size=4), at=st.integers(0, 4)
)
def test_decided_again_a_message_stands_as_if_it_had_been_decided_so_at_first(
    plain, new_story, drawn, acts, at
):
    """Links, tags, what it is, what is found in it, its clock and its review: all that is no history of changes."""

    def folded(decisions, early, late):
        story = new_story()
        seq, clock = story.mail(), story.clock()
        stands = None
        for number, (tags, links, kind, clocked) in enumerate(decisions):
            for act in early if number == 1 else ():
                said(story, seq, act)
            stands = story.decision(
                seq, tags=tags, kind=kind, clocks=[clock] if clocked else (), people=tags,
                links=[story.link(value, confidence=sure) for value, sure in links], instead_of=stands,
            )  # fmt: skip
        for act in late:
            said(story, seq, act)
        plain.clear()
        story.fold(plain)
        return shown(story.dump(plain))

    assert folded(drawn, acts[:at], acts[at:]) == folded(drawn[-1:], [], acts)


def said(story, seq, act):
    if act[0] == "tag":
        story.act("tag", of=seq, add=act[1], remove=act[2], agent="anna")
    else:
        story.act("link", of=seq, order=story.order(act[1]), undo=act[2], agent="anna")


def shown(dump):
    """Return the rows that say how things stand, without the entries that made them so, and the orders linked to."""
    rows = {
        name: [
            {column: value for column, value in row.items() if column not in _FOLDED} for row in dump[name]
        ]
        for name in ("messages", "tags", "finds", "ties", "reviews", "clocks", "turns")
    }
    for row in rows["reviews"]:
        row["why"] = sorted(row["why"], key=repr)
    return {**rows, "links": {row["value"] for row in dump["links"] if row["undone_by"] is None}}
