"""The facts of a case, from a house that took the mail: what counts as an answer, a document, an offer, a silence."""

from datetime import UTC, timedelta

import pytest

from gateway.answer.case import case_of
from gateway.answer.compose import compose, draft_of
from gateway.answer.watched import Watched
from gateway.dossier.timeline import timeline_of
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from gateway.store.orders import parcel_entries
from rules.facts import OrderRef
from tests.small_house import MAILBOX, ORDER, build_house, close, mail, seed

REF = OrderRef(marketplace="amazon", value=ORDER)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    house = build_house(tmp_path_factory.mktemp("told"))
    house.seqs = seed(house)
    yield house
    close(house)


@pytest.fixture
def house(tmp_path):
    built = build_house(tmp_path)
    yield built
    close(built)


def case(house, watched=None, **more):
    with house.store.read() as conn:
        timeline, parcels = timeline_of(conn, REF), parcel_entries(conn, REF)
    return case_of(timeline, watched or Watched(), title="Amazon", parcels=parcels, **more)


def act(house, type_, **payload):
    return house.act(Draft(type=type_, payload=canonical(payload), meta={"source": "web"})).seq


def report(house, placed):
    order = {"order": {"marketplace": "amazon", "value": ORDER}, "placed_at": placed.isoformat()}
    return act(house, "orders", orders=[order])


def claim(house):
    raw = mail(
        f"Action required: Claim received on order {ORDER}",
        f"An A-to-z claim was filed on order {ORDER}. Answer within 48 hours.",
        from_="atoz-guarantee-no-reply@amazon.com",
        message_id="claim",
    )
    return house.take(raw)


def test_an_answer_counts_from_its_acceptance_with_the_entries_that_show_it(told):
    found = case(told)
    first = found.replies[0]
    assert first.entries[:2] == (told.seqs["question"], told.seqs["answer"])
    assert len(first.entries) == 3
    assert first.took is not None


def test_a_person_s_word_that_no_answer_is_needed_is_no_answer(house):
    seq = house.take(mail(f"Order {ORDER}", "thank you"))
    act(house, "mark", of=seq, **{"as": "no_answer_needed"}, clock="reply", undo=False, agent="anna")
    assert case(house).replies == ()


def test_files_that_the_marketplace_took_are_documents(told):
    names = [one.what for one in case(told).documents]
    assert all(names)


def test_a_tag_that_stands_is_an_offer_and_one_taken_off_is_none(house):
    seq = house.take(mail(f"Order {ORDER}", "broken"))
    put = act(house, "tag", of=seq, add=["replacement", "refund", "vip"], remove=[], agent="anna")
    act(house, "tag", of=seq, add=[], remove=["refund"], agent="anna")
    assert [(one.what, one.entries) for one in case(house).offers] == [("replacement", (put,))]


def test_without_an_order_report_nobody_says_that_the_buyer_was_silent(house):
    claim(house)
    found = case(house)
    assert (found.kind, found.absence) == ("a-to-z", None)
    assert "docket orders import" in found.doubt


def test_silence_is_told_where_the_record_carries_it_and_the_buyer_wrote_nothing(house):
    now = house.clock.now()
    report(house, now - timedelta(days=9))
    seq = claim(house)
    whole = Watched(began=now - timedelta(days=30), compared=now + timedelta(days=1), entries=(1, 2))
    found = case(house, whole)
    assert found.claim is not None
    assert found.claim.message == seq
    assert found.absence is not None
    assert (found.absence.begin, found.absence.end) == (now - timedelta(days=9), found.claim.started_at)
    assert "not captured" in case(house).doubt
    assert case(house, kind="chargeback").absence is None


def test_a_buyer_who_wrote_was_not_silent(house):
    now = house.clock.now()
    report(house, now - timedelta(days=9))
    house.take(mail(f"Order {ORDER}", "where is it?"))
    house.clock.at += timedelta(minutes=1)
    claim(house)
    whole = Watched(began=now - timedelta(days=30), compared=now + timedelta(days=1), entries=(1,))
    found = case(house, whole)
    assert (found.absence, found.doubt) == (None, "")


def test_an_answer_is_composed_and_becomes_an_entry_of_the_order(house):
    claim(house)
    with house.store.read() as conn:
        made = compose(
            conn,
            REF,
            whole=conn,
            title="Amazon",
            senders={MAILBOX: "Brand"},
            zone=UTC,
            now=house.clock.now(),
            language="de",
        )
        nothing = compose(
            conn,
            OrderRef(marketplace="amazon", value="112-0000000-0000000"),
            whole=conn,
            title="Amazon",
            senders={},
            zone=UTC,
            now=house.clock.now(),
            language="de",
        )
    assert nothing is None
    assert ORDER in str(made.text)
    seq = house.act(draft_of(REF, made, agent="anna", source="command")).seq
    with house.store.read() as conn:
        acts = [one.event for one in timeline_of(conn, REF).moments if hasattr(one, "event")]
    (entry,) = [one for one in acts if one.type == "answer"]
    assert (entry.seq, entry.agent, entry.summary) == (seq, "anna", {"kind": "a-to-z", "language": "de"})


def test_a_parcel_is_shown_by_whatever_named_it_first(house):
    seq = house.take(mail(f"Order {ORDER}", "UPS says that 1Z999AA10123456784 was delivered"))
    by_hand = act(
        house,
        "parcel",
        order={"marketplace": "amazon", "value": ORDER},
        carrier="dhl",
        number="00340434161094021501",
        agent="anna",
    )
    found = {one.number: one.entries for one in case(house).parcels}
    assert found == {"1Z999AA10123456784": (seq,), "00340434161094021501": (by_hand,)}
