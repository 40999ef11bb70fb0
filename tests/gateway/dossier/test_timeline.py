"""The timeline of an order: everything linked to it, in time, with what was said of each message."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.dossier.timeline import Act, Letter, timeline_of
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from rules.facts import OrderRef
from tests.small_house import BUYER, MAILBOX, ORDER, build_house, close, mail, seed

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


def look(house, ref=REF):
    with house.store.read() as conn:
        return timeline_of(conn, ref)


def act(house, type_, **payload):
    return house.act(Draft(type=type_, payload=canonical(payload), meta={"source": "web"})).seq


def sent(house, text, **headers) -> int:
    raw = mail(f"Re: {ORDER}", text, from_=MAILBOX, to=BUYER, message_id=f"out-{text}", **headers)
    return house.take(raw, source="submission", agent="anna", mail_from=MAILBOX, rcpt_to=(BUYER,))


def asked(house, text) -> int:
    return house.take(mail(f"Order {ORDER}", text, message_id=f"in-{text}"))


def test_mail_of_both_directions_stands_in_time(told):
    letters = look(told).letters
    assert [one.row.seq for one in letters] == [
        told.seqs[name] for name in ("question", "answer", "thanks", "stranger")
    ]
    assert [one.row.direction for one in letters] == ["inbound", "outbound", "inbound", "inbound"]
    assert [one.at for one in letters] == sorted(one.at for one in letters)


def test_each_letter_says_why_it_is_here(told):
    letters = look(told).letters
    assert [one.links[0].link.confidence for one in letters] == ["certain", "certain", "certain", "possible"]
    assert all(link.link.order == REF for one in letters for link in one.links)


def test_an_answer_carries_the_remotes_own_words(told):
    (answer,) = look(told).letters[1].answers
    assert (answer.kind, answer.reply, answer.queue_id) == (
        "delivered",
        "250 2.0.0 Ok: queued as 4ZqK1m7Vz9",
        "4ZqK1m7Vz9",
    )
    assert answer.recipients == (BUYER,)
    assert answer.final


def test_products_and_parcels_are_those_the_mail_names(told):
    timeline = look(told)
    assert [one.value for one in timeline.products] == ["B07XJ8C8F5"]
    assert [one.number for one in timeline.parcels] == ["1Z999AA10123456784"]


def test_the_reply_time_runs_to_the_acceptance(told):
    assert look(told).reply_times == (timedelta(hours=3, minutes=12),)


def test_two_questions_in_a_row_are_one_wait_from_the_first(house):
    asked(house, "first")
    house.clock.at += timedelta(hours=2)
    asked(house, "second")
    house.clock.at += timedelta(hours=1)
    sent(house, "answer")
    house.clock.at += timedelta(hours=1)
    sent(house, "more")
    house.clock.at += timedelta(hours=1)
    asked(house, "thanks")
    assert look(house).reply_times == (timedelta(hours=3),)


def test_what_was_written_but_not_accepted_answers_nothing(house):
    asked(house, "question")
    sent(house, "write to sales@brand.example")
    assert look(house).letters[1].row.state == "held"
    assert look(house).reply_times == ()


def copied(house, name, **envelope) -> int:
    """The copy that Amazon sends of an answer somebody wrote in Seller Central."""
    raw = mail(
        f"Your e-mail to Maria, order {ORDER}",
        from_="donotreply@amazon.com",
        message_id=f"copy-{name}",
        X_Space_Notification_Type="BBC_MESSAGE_CONFIRMATION_TO_MERCHANT",
    )
    return house.take(raw, mail_from="donotreply@amazon.com", **envelope)


def test_an_answer_given_on_the_marketplace_s_own_site_answers_from_its_copy(house):
    asked(house, "question")
    house.clock.at += timedelta(hours=2)
    copied(house, "answer")
    letter = look(house).letters[1]
    assert (letter.row.direction, letter.row.agent, letter.row.kind) == ("outbound", "", "own_answer_copy")
    assert look(house).reply_times == (timedelta(hours=2),)


def test_a_copy_that_nobody_has_checked_answers_nothing(house):
    asked(house, "question")
    house.clock.at += timedelta(hours=2)
    copied(house, "forged", trusted=False)
    assert look(house).letters[1].row.direction == "inbound"
    assert look(house).reply_times == ()


def test_notes_on_the_order_and_on_its_messages_stand_between_the_letters(house):
    first = asked(house, "question")
    house.clock.at += timedelta(minutes=5)
    on_message = act(house, "note", of=first, text="photo looks real", agent="anna")
    house.clock.at += timedelta(minutes=5)
    on_order = act(
        house, "note", order={"marketplace": "amazon", "value": ORDER}, text="voucher", agent="tom"
    )
    house.clock.at += timedelta(minutes=5)
    last = sent(house, "answer")
    moments = look(house).moments
    assert [one.event.seq if isinstance(one, Act) else one.row.seq for one in moments] == [
        first,
        on_message,
        on_order,
        last,
    ]
    assert [one.event.agent for one in moments if isinstance(one, Act)] == ["anna", "tom"]


def test_decisions_and_outcomes_are_no_acts_of_people(told):
    assert all(isinstance(one, Letter) for one in look(told).moments)


def test_a_link_taken_back_takes_its_message_out_and_the_act_stays(house):
    kept, gone = asked(house, "one"), asked(house, "two")
    act(
        house,
        "link",
        of=gone,
        order={"marketplace": "amazon", "value": ORDER},
        undo=True,
        reason="wrong",
        agent="anna",
    )
    timeline = look(house)
    assert [one.row.seq for one in timeline.letters] == [kept]
    assert [one.event.type for one in timeline.moments if isinstance(one, Act)] == ["link"]


def test_a_note_alone_makes_a_timeline_and_nothing_makes_none(house):
    other = {"marketplace": "ebay", "value": "12-34567-89012"}
    assert look(house, OrderRef(**other)) is None
    act(house, "note", order=other, text="phoned", agent="anna")
    timeline = look(house, OrderRef(**other))
    assert timeline.letters == ()
    assert timeline.confidence == "possible"
    assert len(timeline.moments) == 1


def test_a_rebuilt_store_tells_the_same_story(told):
    def story():
        return [
            replace(one, row=replace(one.row, sealed_text=b"")) if isinstance(one, Letter) else one
            for one in look(told).moments
        ]  # a text is sealed with a new nonce each time

    before = story()
    told.store.clear()
    told.settle()
    assert story() == before
