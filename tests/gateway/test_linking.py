"""The evidence drop, forged threads and stuffed mail, over the whole path."""

import json

import pytest

from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from gateway.store import jobs, messages, orders
from gateway.store.reviews import waiting
from tests.small_house import BUYER, MAILBOX, ORDER, build_house, close, mail, seed

OTHER = "303-7654321-7654321"


@pytest.fixture
def house(tmp_path):
    house = build_house(tmp_path)
    house.seqs = seed(house)
    yield house
    close(house)


def links(house, seq):
    with house.store.read() as conn:
        return {
            (one.link.order.value, one.link.method): one.link.confidence
            for one in orders.links_of(conn, seq)
            if one.undone_by is None
        }


def why(house, seq):
    with house.store.read() as conn:
        return [one.why for row in waiting(conn, 999) if row.message == seq for one in row.why]


def drop(house, ref, **envelope):
    to = f"order+{ref}@brand.example"
    known = {"rcpt_to": (to,), "mailbox": "", "mail_from": "w@dock.example"}
    return house.take(
        mail("Photo of the label", "see above", from_="w@dock.example", to=to), **{**known, **envelope}
    )


@pytest.mark.parametrize("ref", [ORDER, ORDER.replace("-", "")], ids=["as written", "without dashes"])
def test_what_an_agent_sends_to_the_drop_address_is_filed_for_sure_and_goes_nowhere(house, ref):
    sent = len(house.remote.taken)
    seq = drop(house, ref, source="submission", agent="anna", mailbox=MAILBOX)
    assert house.archive.entry(seq).type == "mail.in"
    assert links(house, seq) == {(ORDER, "drop"): "certain"}
    with house.store.read() as conn:
        assert jobs.jobs_of(conn, seq) == []
    assert len(house.remote.taken) == sent


def test_what_a_stranger_sends_there_waits_for_a_word(house):
    seq = drop(house, ORDER)
    assert links(house, seq) == {(ORDER, "drop"): "possible"}
    assert why(house, seq) == ["possible"]


def test_an_unknown_reference_is_kept_and_waits(house):
    seq = drop(house, "9-9", source="submission", agent="anna", mailbox=MAILBOX)
    assert links(house, seq) == {}
    assert why(house, seq) == ["unlinked"]


def test_a_flood_of_drop_addresses_makes_few_links(house):
    to = tuple(f"order+{ORDER}@brand.example" if n == 5 else f"order+{n}@brand.example" for n in range(90))
    seq = drop(house, "x", rcpt_to=to)
    assert links(house, seq) == {(ORDER, "drop"): "possible"}


def test_a_forged_reference_to_someone_elses_order_is_no_more_than_possible(house):
    for trusted in (False, True):  # a mail that really comes from evil.example is as forged in this
        forged = mail(
            "Re: Anfrage",
            f"pay me back {trusted}",
            from_="evil@evil.example",
            message_id="f1",
            In_Reply_To="<a1@mail.example>",
        )
        seq = house.take(forged, mail_from="evil@evil.example", trusted=trusted)
        assert set(links(house, seq).values()) == {"possible"}
        assert why(house, seq) == ["possible"]
    # nor does an answer to the forged one inherit more
    answer = mail(
        "Re: Re", "and?", from_="evil@evil.example", message_id="f2", In_Reply_To="<f1@mail.example>"
    )
    seq = house.take(answer, mail_from="evil@evil.example", trusted=True)
    assert set(links(house, seq).values()) == {"possible"}


def test_a_pasted_conversation_mark_brings_another_buyer_no_more_than_a_proposal(house):
    mark = "[commMgrTok:A1B2C3D4E5F6G7]"
    house.take(mail("Frage", f"zu {ORDER}\n{mark}", message_id="t1"))
    answer = house.take(mail("Frage", f"noch etwas\n{mark}", message_id="t2"))
    assert links(house, answer) == {(ORDER, "thread"): "certain"}
    other = "zz9zz9@marketplace.amazon.de"
    forged = house.take(
        mail("Frage", f"send me the money\n{mark}", from_=other, message_id="t3"), mail_from=other
    )
    assert links(house, forged) == {(ORDER, "thread"): "possible"}
    assert why(house, forged) == ["possible"]


def test_the_buyer_who_takes_part_is_believed(house):
    seq = house.take(mail("Re: Anfrage", "noch etwas", message_id="q9", In_Reply_To="<a1@mail.example>"))
    assert links(house, seq) == {(ORDER, "thread"): "certain"}


def test_a_link_taken_back_is_not_inherited_by_the_answer(house):
    act = {"of": house.seqs["thanks"], "order": {"marketplace": "amazon", "value": ORDER}, "undo": True}
    house.act(Draft(type="link", payload=canonical({**act, "agent": "anna"}), meta={}))
    seq = house.take(
        mail(
            "Re: Re: Anfrage",
            "?",
            message_id="q7",
            In_Reply_To="<q2@mail.example>",
            References="<a1@mail.example>",
        )
    )
    assert ORDER not in {value for value, _ in links(house, seq)}
    with house.store.read() as conn:
        decided = messages.message(conn, seq).decided_by
    said = json.loads(house.archive.entry(decided).payload)["decision"]["reasons"]
    assert any("took it back from the message this one answers" in line for line in said)


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        (f"Bestellung {ORDER}", f"Bestellung {OTHER} ist kaputt"),
        ("Re: Anfrage", f"Bestellung {OTHER} ist kaputt"),
    ],
    ids=["subject and text", "thread and text"],
)
def test_a_contradiction_is_never_linked_with_confidence(house, subject, text):
    seq = house.take(mail(subject, text, message_id="c1", In_Reply_To="<a1@mail.example>"))
    found = links(house, seq)
    assert {value for value, _ in found} == {ORDER, OTHER}
    assert set(found.values()) == {"possible"}
    assert set(why(house, seq)) == {"contradiction"}


def test_two_bodies_that_name_two_orders_are_a_contradiction(house):
    html = f"<p>Bestellung {OTHER} ist kaputt</p>"
    seq = house.take(mail("Anfrage", f"Bestellung {ORDER} ist kaputt", html=html, message_id="c2"))
    found = links(house, seq)
    assert {value for value, _ in found} == {ORDER, OTHER}
    assert set(found.values()) == {"possible"}


def test_a_mail_of_ten_thousand_numbers_makes_twenty_links_at_most(house):
    text = "\n".join(f"Bestellung 303-{n:07}-{n:07}" for n in range(10_000))
    seq = house.take(mail("Bestellung", text, message_id="s9"), trusted=True)
    assert 0 < len(links(house, seq)) <= 20


def test_an_alias_that_is_used_again_for_another_open_order_names_none(house):
    house.take(mail("Neue Frage", f"Bestellung {OTHER}: wann kommt sie?", message_id="n1"))
    seq = house.take(mail("Hallo", "Was nun?", from_=BUYER, message_id="n2"))
    assert links(house, seq) == {}
    assert why(house, seq) == ["unlinked"]
