from datetime import UTC, datetime

import msgspec
import pytest

from gateway.errors import WrongUse
from gateway.mail.entry import Entry, Envelope
from gateway.release import release_draft
from gateway.store import jobs
from gateway.store.messages import message
from tests.small_house import BUYER, MAILBOX, build_house, close, mail

AT = datetime(2026, 11, 23, 18, tzinfo=UTC)


def entry(type_):
    envelope = Envelope(
        source="submission", received_at=AT, mailbox="b@x.example", rcpt_to=("x@m.example", "y@m.example")
    )
    meta = msgspec.to_builtins(envelope)
    return Entry(log=0, seq=7, id="X", type=type_, at=AT, leaf=b"{}", payload=b"", meta=meta)


@pytest.mark.parametrize("type_", ["mail.held", "mail.out"])
def test_a_release_brings_the_relay_to_all_recipients_and_says_who_let_it_go(type_):
    draft = release_draft(entry(type_), agent="anna", drop=False)
    told = msgspec.json.decode(draft.payload)
    assert (draft.type, told["of"], told["agent"], told["drop"]) == ("release", 7, "anna", False)
    (job,) = told["jobs"]
    assert (job["kind"], job["task"]) == (
        "relay",
        {"mailbox": "b@x.example", "recipients": ["x@m.example", "y@m.example"]},
    )


def test_a_dropped_one_brings_no_job():
    told = msgspec.json.decode(release_draft(entry("mail.held"), agent="anna", drop=True).payload)
    assert (told["jobs"], told["drop"]) == ([], True)


@pytest.mark.parametrize("type_", ["mail.in", "mail.refused", "note", "decision"])
def test_nothing_but_a_held_answer_can_be_released(type_):
    with pytest.raises(WrongUse, match="was not held"):
        release_draft(entry(type_), agent="anna", drop=False)


def test_who_wrote_it_may_drop_it_and_somebody_else_lets_it_go():
    envelope = Envelope(source="submission", agent="anna", received_at=AT, rcpt_to=("x@m.example",))
    held = Entry(
        log=0,
        seq=7,
        id="X",
        type="mail.held",
        at=AT,
        leaf=b"{}",
        payload=b"",
        meta=msgspec.to_builtins(envelope),
    )
    with pytest.raises(WrongUse, match="ask somebody else to release it, or drop it"):
        release_draft(held, agent="anna", drop=False, second_person=True)
    assert release_draft(held, agent="anna", drop=True, second_person=True).type == "release"
    assert release_draft(held, agent="ben", drop=False, second_person=True).type == "release"
    assert release_draft(held, agent="anna", drop=False).type == "release"


@pytest.fixture
def house(tmp_path):
    made = build_house(tmp_path)
    yield made
    close(made)


@pytest.mark.parametrize(("drop", "sent", "state"), [(False, 1, "relayed"), (True, 0, "dropped")])
def test_a_held_answer_leaves_once_however_often_it_is_released(house, drop, sent, state):
    answer = mail("Re: Question", "Write me at https://shop.example", from_=MAILBOX, to=BUYER)
    seq = house.take(answer, source="submission", agent="anna", mail_from=MAILBOX, rcpt_to=(BUYER,))
    with house.store.read() as conn:
        assert message(conn, seq).state == "held"
    assert house.remote.taken == []
    held = house.archive.entry(seq)
    for _ in range(3):
        house.act(release_draft(held, agent="boss", drop=drop))
        house.act(release_draft(held, agent="boss", drop=not drop))
    assert len(house.remote.taken) == sent
    with house.store.read() as conn:
        assert message(conn, seq).state == state
        found = jobs.jobs_of(conn, seq)
    assert len([one for one in found if one.kind == "relay"]) == sent
    assert {one.state for one in found} <= {
        "done"
    }  # the notice to a mailbox that nobody reads by mail is no failure
