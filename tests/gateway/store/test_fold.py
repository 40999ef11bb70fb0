"""The fold: entries in, rows out, always the same."""

import dataclasses

import pytest

from gateway.store import erasures, fold, jobs, messages, orders
from rules.facts import OrderRef

ORDER = OrderRef(marketplace="amazon", value="112-1234567-1234567")


def states(store, seq):
    with store.read() as conn:
        return messages.message(conn, seq).state, [one.state for one in jobs.jobs_of(conn, seq)]


def test_a_message_comes_back_as_it_was_folded(store, story):
    seq = story.mail(cc=(("Zoë", "z@x.example"),), refers_to=("b@x", "a@x"), defects=("no date",))
    story.fold(store)
    with store.read() as conn:
        found = messages.message(conn, seq)
        assert found == dataclasses.replace(story.pairs[seq][1], state="waiting")
        assert messages.sealed_text(conn, seq) == b"sealed"
        assert messages.message(conn, 99) is None
        assert fold.position(conn) == 1


def test_an_entry_applied_before_changes_nothing(store, story):
    seq = story.mail()
    story.decision(seq, links=[story.link()], tags=["claim"], jobs=[story.job()])
    story.act("tag", of=seq, add=["vip"], remove=[], agent="anna")
    story.fold(store)
    once = story.dump(store)
    story.fold(store)
    assert story.dump(store) == once


def test_a_missing_entry_is_an_error_that_says_where_the_store_stands(store, story):
    story.mail()
    story.mail()
    with pytest.raises(fold.OutOfOrder, match="stands at entry 0 and was given 1"), store.write() as tx:
        fold.apply(tx, *story.pairs[1])


def test_a_transaction_that_fails_leaves_position_and_rows_as_they_were(store, story):
    story.mail()

    def fail():
        with store.write() as tx:
            fold.apply(tx, *story.pairs[0])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with store.read() as conn:
        assert fold.position(conn) == 0
        assert messages.message(conn, 0) is None


def test_a_decision_sets_what_the_message_is(store, story):
    seq = story.mail()
    assert story.pairs[0][1] is not None
    by = story.decision(
        seq,
        links=[story.link(), story.link("026-1", confidence="possible")],
        tags=["claim", "claim", "amazon"],
        jobs=[story.job()],
        alias="abc@marketplace.amazon.com",
        products=[{"kind": "asin", "value": "B00EXAMPLE", "where": "text"}],
        parcels=[{"carrier": "dhl", "number": "JJD0001", "where": "text"}],
    )
    story.fold(store)
    with store.read() as conn:
        row = messages.message(conn, seq)
        assert (row.decided_by, row.marketplace, row.kind) == (by, "amazon", "buyer_message")
        assert (row.alias, row.tags, row.state) == (
            "abc@marketplace.amazon.com",
            ("amazon", "claim"),
            "waiting",
        )
        assert [one.value for one in row.orders] == [ORDER.value, "026-1"]
        assert messages.exact_terms(conn, [seq]) == {seq: ("B00EXAMPLE", "JJD0001")}
        assert [one.number for one in orders.parcels_of(conn, ORDER)] == ["JJD0001"]
        assert [one.value for one in orders.products_of(conn, ORDER)] == ["B00EXAMPLE"]
        assert messages.undecided(conn, 10) == []
        assert fold.undecided_count(conn) == 0


def test_the_first_decision_stands(store, story):
    seq = story.mail()
    story.decision(seq, tags=["first"], jobs=[story.job()])
    story.decision(seq, tags=["second"], jobs=[story.job(), story.job(1)])
    story.fold(store)
    with store.read() as conn:
        assert messages.message(conn, seq).tags == ("first",)
        assert len(jobs.jobs_of(conn, seq)) == 1
        assert len(orders.events_of(conn, message=seq)) == 3


@pytest.mark.parametrize(
    ("type_", "changes", "state", "queued"),
    [
        ("mail.in", {"jobs": 1}, "waiting", 1),
        ("mail.in", {"jobs": 1, "live": False}, "kept", 0),
        ("mail.in", {"jobs": 0}, "kept", 0),
        ("mail.in", {"jobs": 0, "retry_of": 0}, "retry", 0),
        ("mail.out", {"jobs": 1}, "waiting", 1),
        ("mail.out", {"jobs": 0, "actions": [{"do": "hold"}]}, "held", 0),
        ("mail.held", {"jobs": 1}, "held", 0),
        ("mail.refused", {"jobs": 1}, "refused", 0),
    ],
)
def test_what_a_decision_makes_of_a_message(store, story, type_, changes, state, queued):
    seq = story.mail(type_)
    story.decision(seq, **{**changes, "jobs": [story.job(number) for number in range(changes["jobs"])]})
    story.fold(store)
    assert states(store, seq) == (state, ["ready"] * queued)


@pytest.mark.parametrize(
    ("type_", "outcomes", "state", "job"),
    [
        ("mail.in", [("delivered", {})], "delivered", "done"),
        ("mail.out", [("delivered", {})], "relayed", "done"),
        ("mail.out", [("deferred", {"final": False})], "waiting", "ready"),
        ("mail.out", [("deferred", {"final": False}), ("delivered", {"attempt": 2})], "relayed", "done"),
        ("mail.out", [("refused", {"failed": True})], "failed", "dead"),
        ("mail.out", [("unknown", {"final": False}), ("deferred", {"failed": True})], "failed", "dead"),
        ("mail.out", [("refused", {"final": False}), ("delivered", {})], "failed", "dead"),
        ("mail.out", [("delivered", {}), ("deferred", {"final": False})], "relayed", "done"),
    ],
)
def test_outcomes_close_a_job_or_bring_it_back(store, story, type_, outcomes, state, job):
    seq = story.mail(type_)
    story.decision(seq, jobs=[story.job()])
    for kind, more in outcomes:
        story.outcome(seq, kind, **more)
    story.fold(store)
    assert states(store, seq) == (state, [job])


def test_a_second_attempt_goes_to_those_who_remain_when_it_is_due(store, story):
    seq = story.mail("mail.out")
    story.decision(seq, jobs=[story.job(recipients=["a@x", "b@x"])])
    later = story.at(600)
    story.outcome(seq, "deferred", final=False, remaining=["b@x"], next_at=later.isoformat())
    story.fold(store)
    with store.read() as conn:
        (one,) = jobs.jobs_of(conn, seq)
        assert one.task == {"mailbox": "support@brand.example", "recipients": ["b@x"]}
        assert (one.next_at, one.attempts, one.last) == (later, 1, "250 deferred")


def test_a_failure_brings_its_report_and_the_report_does_not_speak_for_the_message(store, story):
    seq = story.mail("mail.out")
    story.decision(seq, jobs=[story.job()])
    story.outcome(seq, "refused", failed=True, jobs=[story.job(1001, "report")])
    story.fold(store)
    assert states(store, seq) == ("failed", ["dead", "ready"])
    story.outcome(seq, "delivered", number=1001)
    story.fold(store)
    assert states(store, seq) == ("failed", ["dead", "done"])


def test_a_held_message_is_released_once(store, story):
    seq = story.mail("mail.held")
    story.decision(seq)
    story.act("release", of=seq, agent="anna", drop=False, jobs=[story.job(0, "relay")])
    story.act("release", of=seq, agent="ben", drop=False, jobs=[story.job(1, "relay")])
    story.fold(store)
    assert states(store, seq) == ("waiting", ["ready"])


@pytest.mark.parametrize(("type_", "state"), [("mail.held", "dropped"), ("mail.refused", "refused")])
def test_a_dropped_or_refused_message_never_becomes_a_job(store, story, type_, state):
    seq = story.mail(type_)
    story.decision(seq)
    story.act("release", of=seq, agent="anna", drop=type_ == "mail.held", jobs=[story.job(0, "relay")])
    story.act("release", of=seq, agent="anna", drop=False, jobs=[story.job(0, "relay")])
    story.fold(store)
    assert states(store, seq) == (state, [])


def test_tags_are_put_on_and_taken_off_even_before_a_decision(store, story):
    seq = story.mail()
    story.act("tag", of=seq, add=["vip", "claim", "wrong"], remove=[], agent="anna")
    story.decision(seq, tags=["claim"])
    story.act("tag", of=seq, add=["new", "both"], remove=["wrong", "both", "never there"], agent="anna")
    story.fold(store)
    with store.read() as conn:
        assert messages.message(conn, seq).tags == ("claim", "new", "vip")


def test_a_link_undone_stays_to_be_seen_and_a_new_one_by_hand_stands(store, story):
    seq = story.mail()
    by = story.decision(seq, links=[story.link(confidence="possible")])
    undone = story.act("link", of=seq, order=story.order(), undo=True, agent="anna", reason="wrong buyer")
    story.fold(store)
    with store.read() as conn:
        (one,) = orders.links_of(conn, seq)
        assert (one.by, one.undone_by) == (by, undone)
        assert messages.message(conn, seq).orders == ()
        assert orders.find_orders(conn, ORDER.value) == []
    again = story.act("link", of=seq, order=story.order(), undo=False, agent="ben", reason="no, right")
    story.fold(store)
    with store.read() as conn:
        first, second = orders.links_of(conn, seq)
        assert (first.undone_by, second.undone_by, second.by) == (undone, None, again)
        assert (second.link.method, second.link.confidence, second.agent) == ("hand", "certain", "ben")


@pytest.mark.parametrize("type_", ["sighting", "rules", "config", "software", "gap", "seance"])
def test_other_entries_leave_an_event_and_nothing_else(store, story, type_):
    story.add(type_, raw=b'order = "a rule book"', meta={"name": "rules.toml"})
    story.add(type_, {"why": "power"})
    story.fold(store)
    rows = story.dump(store)
    assert [row["type"] for row in rows.pop("events")] == [type_, type_]
    assert not any(rows.values())


@pytest.mark.parametrize(
    ("type_", "raw"),
    [
        ("decision", b"{}"),
        ("decision", b"not json"),
        ("tag", b'{"of": -1, "add": ["x"]}'),
        ("outcome", b'{"of": 99999999999999999999, "number": 0, "attempt": 1}'),
        ("outcome", b'{"of": 0, "number": 0, "attempt": 1, "next_at": "2026-01-01T00:00:00"}'),
        ("note", b'{"of": "' + b"[" * 100_000),
        ("link", b"\xff\xfe{"),
        ("unheard-of", b'{"of": []}'),
        ("note", b'{"of":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    ],
)
def test_an_unreadable_entry_does_not_stop_the_fold(store, story, type_, raw):
    story.add(type_, raw=raw)
    story.mail()
    story.fold(store)
    with store.read() as conn:
        assert fold.position(conn) == 2


def test_strange_characters_stop_no_database(store, story):
    odd = "a\x00b\ud800c"
    seq = story.mail(
        subject=odd,
        message_id="x" * 9000,
        from_=((odd, odd * 2000),),
        refers_to=("y" * 9000,),
        defects=(odd,),
    )
    story.decision(
        seq, tags=["t\x00", "t\ufffd", "é" * 3000], links=[story.link(odd * 3000)], alias="z" * 8000
    )
    story.add("note", raw=b'{"of": 0, "text": "half \\ud800 \\u0000", "agent": "anna"}')
    story.fold(store)
    with store.read() as conn:
        row = messages.message(conn, seq)
        assert row.subject == "a\ufffdb?c"
        assert len(row.tags) == 2
        (found,) = orders.find_orders(conn, odd * 3000)
        assert orders.messages_of(conn, found.order) == [row]
        assert orders.events_of(conn, message=seq)[2].summary == {"text": "half \ud800 \x00"}


def test_acts_on_what_is_no_message_leave_only_their_event(store, story):
    story.add("software")
    story.decision(0, links=[story.link()], tags=["x"], jobs=[story.job()])
    story.outcome(0)
    story.act("tag", of=0, add=["x"], remove=[], agent="anna")
    story.act("link", of=77, order=story.order(), agent="anna")
    story.act("release", of=0, agent="anna", jobs=[story.job()])
    story.fold(store)
    rows = story.dump(store)
    assert len(rows.pop("events")) == 6
    assert not any(rows.values())


def test_the_copy_of_an_answer_given_on_the_site_is_outbound_by_nobody_known(store, story):
    copy = story.mail()
    story.decision(copy, kind="own_answer_copy", direction="outbound", jobs=[story.job()])
    question = story.mail()
    story.decision(question, jobs=[story.job()])
    answer = story.mail("mail.out")
    story.decision(answer)
    story.outcome(copy)
    story.fold(store)
    with store.read() as conn:
        rows = [messages.message(conn, seq) for seq in (copy, question, answer)]
    assert [(row.direction, row.agent) for row in rows] == [
        ("outbound", ""),
        ("inbound", ""),
        ("outbound", "anna"),
    ]
    assert rows[0].type == "mail.in"
    assert rows[0].state == "delivered"  # it came in, and our agents' mailbox has it


def test_what_is_erased_is_gone_and_the_fold_goes_on(store, story):
    seq = story.mail()
    story.decision(seq, links=[story.link()], tags=["claim"], jobs=[story.job()])
    story.outcome(seq)
    note = story.act("note", of=seq, text="she called", agent="anna")
    story.fold(store)
    with store.write() as tx:
        erasures.forget(tx, seq)
    rows = story.dump(store)
    summaries = [row["summary"] for row in rows.pop("events")]
    assert summaries == [{"erased": True}] * 3 + [{"text": "she called"}]
    assert not any(rows.values())
    with store.write() as tx:
        erasures.forget(tx, note)
    story.act("tag", of=seq, add=["late"], remove=[], agent="anna")
    story.fold(store)
    with store.read() as conn:
        assert orders.events_of(conn, message=seq)[3].summary == {"erased": True}
        assert fold.position(conn) == 5


def test_a_mail_whose_bytes_were_erased_folds_to_an_event(store, story):
    story.add("mail.in", raw=b"")
    story.fold(store)
    with store.read() as conn:
        assert fold.position(conn) == 1
        assert messages.undecided(conn, 5) == []


def test_a_store_that_is_cleared_starts_again_at_entry_0(store, story):
    seq = story.mail()
    story.decision(seq, tags=["x"], links=[story.link()], jobs=[story.job()])
    story.fold(store)
    before = story.dump(store)
    store.clear()
    assert not any(story.dump(store).values())
    story.fold(store)
    assert story.dump(store) == before
