"""How a dossier stands: a claim holds and opens it, people change it, and the settings say what it must hold to be closed."""

from dataclasses import replace

import pytest

from gateway.cli.dossiers import plain
from gateway.dossier.closing import is_need, missing, refund_lacks
from gateway.dossier.timeline import timeline_of
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from gateway.store.dossiers import dossier_of
from rules.facts import OrderRef
from tests.small_house import ORDER, build_house, close, csrf_in, mail, serving

REF = OrderRef(marketplace="amazon", value=ORDER)
CLAIMS = "atoz-guarantee-no-reply@amazon.de"


@pytest.fixture
def house(tmp_path):
    built = build_house(tmp_path)
    yield built
    close(built)


def act(house, type_="dossier", **payload):
    whole = {"order": {"marketplace": "amazon", "value": ORDER}, "agent": "anna", **payload}
    return house.act(Draft(type=type_, payload=canonical(whole), meta={"source": "web"})).seq


def stands(house):
    with house.store.read() as conn:
        return dossier_of(conn, REF)


def lacks(house, *needs):
    with house.store.read() as conn:
        return missing(timeline_of(conn, REF), needs)


def claim(house, **envelope):
    raw = mail(f"Claim received on order {ORDER}", "We received a claim.", from_=CLAIMS, message_id="c1")
    return house.take(raw, mail_from=CLAIMS, **envelope)


def test_an_order_nobody_spoke_of_is_open_and_nobody_s(house):
    house.take(mail(f"Order {ORDER}", "Hello", message_id="q"))
    assert plain(stands(house)) == {
        "state": "open", "owner": "", "by": None, "held": False, "held_by": None, "held_why": ""}  # fmt: skip


def test_people_change_one_thing_at_a_time_and_each_change_is_an_entry(house):
    act(house, state="waiting")
    by = act(house, owner="anna")
    assert (stands(house).state, stands(house).owner, stands(house).by) == ("waiting", "anna", by)
    with house.store.read() as conn:
        told = [one.event.summary for one in timeline_of(conn, REF).moments]
    assert told == [{"state": "waiting"}, {"owner": "anna"}]


def test_a_claim_holds_the_dossier_at_once_and_opens_it_until_a_person_lets_go(house):
    act(house, state="closed", owner="tom")
    seq = claim(house)
    held = stands(house)
    assert (held.state, held.owner, held.held_why) == ("open", "tom", f"claim opened, message {seq}")
    assert house.archive.entry(held.held_by).type == "decision"
    act(house, hold=False, reason="decided for us")
    assert (stands(house).held_by, stands(house).state) == (None, "open")
    by = act(house, hold=True, reason="a lawyer asked")
    assert (stands(house).held_by, stands(house).held_why) == (by, "a lawyer asked")


def test_an_old_claim_and_one_that_nobody_vouches_for_hold_nothing(house):
    claim(house, trusted=False)
    claim(house, source="import", rcpt_to=())
    assert stands(house).held_by is None


def test_what_is_missing_before_it_may_be_closed_is_listed(house):
    seq = house.take(mail(f"Order {ORDER}", "Hello", message_id="q"))
    needs = ("note", "answers", "tag:refunded|replaced")
    assert lacks(house, *needs) == (
        "a note that says how it ended",
        f"an answer to message {seq} (reply)",
        "the tag refunded or replaced on one of its messages",
    )
    act(house, "note", text="sent a new one")
    act(house, "mark", clock="reply", **{"as": "no answer needed"})
    house.act(
        Draft(type="tag", payload=canonical({"of": seq, "add": ["replaced"], "agent": "anna"}), meta={})
    )
    assert lacks(house, *needs) == ()


def test_a_rebuild_brings_the_same_standing_back(house):
    claim(house)
    act(house, owner="anna")
    before = stands(house)
    house.store.clear()
    house.settle()
    assert stands(house) == before


def test_the_page_closes_a_dossier_when_it_may_be_closed(tmp_path):
    house = build_house(tmp_path)
    house.site = type(house.site)(**{
        **{name: getattr(house.site, name) for name in house.site.__dataclass_fields__}, "close_needs": ("note",)})  # fmt: skip
    house.take(mail(f"Order {ORDER}", "Hello", message_id="q"))
    with serving(house), house.client() as browser:
        shown = browser.get(f"/order/amazon/{ORDER}").text
        assert "a note that says how it ended" in shown
        form = {"csrf": csrf_in(shown), "state": "closed"}
        assert browser.post(f"/order/amazon/{ORDER}", data=form).status_code == 409
        browser.post(f"/order/amazon/{ORDER}", data={"csrf": form["csrf"], "text": "done"})
        assert browser.post(f"/order/amazon/{ORDER}", data=form).status_code == 303
        browser.post(f"/order/amazon/{ORDER}", data={"csrf": form["csrf"], "owner": "anna"})
        assert "owner anna" in browser.get(f"/order/amazon/{ORDER}").text
        assert (
            browser.post(f"/order/amazon/{ORDER}", data={"csrf": form["csrf"], "state": "gone"}).status_code
            == 400
        )


@pytest.mark.parametrize("text", ["", "notes", "tag:", "tag:a b", "answers "])
def test_a_need_that_there_is_not_is_told(text):
    assert not is_need(text)


def asks(house, id_, text="Where is it?", **envelope):
    return house.take(mail(f"Frage von Amazon-Kunde (Bestellung: {ORDER})", text, message_id=id_), **envelope)


def test_a_buyer_who_writes_again_opens_a_closed_dossier_and_takes_it_from_nobody(house):
    asks(house, "q1")
    act(house, state="closed", owner="ben")
    seq = asks(house, "q2")
    assert (stands(house).state, stands(house).owner) == ("open", "ben")
    assert house.archive.entry(stands(house).by).type == "decision"
    assert stands(house).by > seq
    act(house, state="waiting")
    asks(house, "q3")
    assert stands(house).state == "waiting"


def test_history_strangers_and_absence_notes_leave_a_closed_dossier_closed(house):
    asks(house, "q1")
    act(house, state="closed")
    asks(house, "old", source="import", occurred_at=house.clock.now())
    stranger = mail("Parcel", f"About order {ORDER}", from_="Post <post@parcels.example>", message_id="s")
    house.take(stranger, mail_from="post@parcels.example", trusted=False)
    away = mail(f"Order {ORDER}", "I am away", message_id="away", Auto_Submitted="auto-replied")
    house.take(away)
    assert stands(house).state == "closed"


def test_an_answer_that_comes_back_opens_it(house):
    asks(house, "q1")
    act(house, state="closed")
    raw = mail(
        f"Your message about order {ORDER} was not delivered",
        f"Order {ORDER}: your message to the buyer could not be delivered.",
        from_="donotreply@amazon.de",
        message_id="b1",
    )
    with_kind = house.take(raw, mail_from="donotreply@amazon.de")
    with house.store.read() as conn:
        kind = next(one.row.kind for one in timeline_of(conn, REF).letters if one.row.seq == with_kind)
    assert (kind, stands(house).state) == ("not_delivered", "open")


def test_money_goes_back_only_when_what_is_needed_is_there(house):
    seq = asks(house, "q1")

    def lacking(*tags, needs=("note",)):
        with house.store.read() as conn:
            return refund_lacks(conn, seq, tags, needs)

    assert lacking("vip", "refund") == f"order {ORDER} lacks a note that says how it ended"
    assert (lacking("vip"), lacking("refund", needs=())) == ("", "")
    act(house, "note", text="agreed")
    assert lacking("refund") == ""


def test_the_page_says_what_a_refund_lacks(tmp_path):
    house = build_house(tmp_path)
    house.site = replace(house.site, refund_needs=("note",))
    seq = asks(house, "q1")
    with serving(house), house.client() as browser:
        form = {"csrf": csrf_in(browser.get(f"/message/{seq}").text), "add": "refund"}
        refused = browser.post(f"/message/{seq}/tag", data=form)
        assert refused.status_code == 409
        assert "lacks a note" in refused.text
        act(house, "note", text="agreed")
        assert browser.post(f"/message/{seq}/tag", data=form).status_code == 303


def test_evidence_can_be_needed(house):
    asks(house, "q1")
    assert lacks(house, "evidence") == ("a piece of evidence (docket evidence add)",)
    meta = {"order": {"marketplace": "amazon", "value": ORDER}, "filename": "pod.pdf", "agent": "anna"}
    house.act(Draft(type="evidence", payload=b"%PDF-1.7", meta=meta))
    assert lacks(house, "evidence") == ()
