"""The outbox page: what has not arrived, and a person's word on it."""

import json

import pytest
from markupsafe import escape

from gateway.queueing import queue_draft
from gateway.relay.transport import Deferred, Refused
from gateway.store import jobs, messages
from tests.small_house import BUYER, MAILBOX, ORDER, csrf_in, mail


def answer(house):
    raw = mail(f"Re: order {ORDER}", "It left today.", from_=MAILBOX, to=BUYER, message_id="a1")
    return house.take(
        raw, source="submission", mail_from=MAILBOX, rcpt_to=(BUYER,), mailbox=MAILBOX, agent="anna"
    )


@pytest.fixture
def late(house):
    """An answer that the marketplace has put off."""
    house.remote.send = lambda _raw, _from, to: (Deferred(recipients=to, reply="451 4.7.1 Later, <please>"),)
    house.seqs["answer"] = answer(house)
    return house


def post(browser, seq, **form):
    shown = browser.get("/outbox").text
    return browser.post(f"/message/{seq}/queue", data={"csrf": csrf_in(shown), "job": "0", **form})


def state(house):
    with house.store.read() as conn:
        return jobs.jobs_of(conn, house.seqs["answer"])[0].state


def test_what_waits_is_shown_with_the_other_server_s_words_and_can_be_held_and_dropped(late):
    seq = late.seqs["answer"]
    with late.client() as browser:
        shown = browser.get("/outbox").text
        assert "451 4.7.1 Later, &lt;please&gt;" in shown
        assert "tried 1 time" in shown
        assert post(browser, seq, do="hold").headers["location"].startswith("/outbox")
        assert state(late) == "held"
        assert "Let it go" in browser.get("/outbox").text
        assert post(browser, seq, do="drop", reason="refunded").status_code == 303
        assert "451 4.7.1" not in browser.get("/outbox").text
    assert state(late) == "dropped"
    (act,) = [one for one in late.archive.entries(0) if one.type == "queue" and b"drop" in one.payload]
    assert json.loads(act.payload) | {"jobs": []} == {
        "agent": "anna", "do": "drop", "jobs": [], "number": 0, "of": seq, "reason": "refunded",
    }  # fmt: skip


def test_what_failed_is_tried_again_by_a_button(house):
    takes = house.remote.send
    house.remote.send = lambda _raw, _from, to: (Refused(recipients=to, reply="550 5.1.1 No such buyer"),)
    house.seqs["answer"] = answer(house)
    assert state(house) == "dead"
    with house.client() as browser:
        assert "No such buyer" in browser.get("/outbox").text
        house.remote.send = takes
        assert post(browser, house.seqs["answer"], do="retry").status_code == 303
    assert state(house) == "done"
    assert b"It left today." in house.remote.taken[-1]


@pytest.mark.parametrize(
    "form, status",
    [
        ({"do": "burn"}, 400),
        ({"do": "hold", "job": "x"}, 400),
        ({"do": "hold", "job": "77"}, 404),
        ({"do": "release"}, 409),
    ],
)
def test_a_word_that_means_nothing_is_answered_in_words(late, form, status):
    with late.client() as browser:
        assert post(browser, late.seqs["answer"], **form).status_code == status
    assert state(late) == "ready"


def test_who_is_second_to_say_a_word_on_a_job_is_told(late):
    seq = late.seqs["answer"]
    with late.store.read() as conn:
        job, row = jobs.jobs_of(conn, seq)[0], messages.message(conn, seq)
    first = late.archive.append(queue_draft(job, row, "hold", agent="ben", reason="", source="command"))
    with late.client() as browser:
        answer = post(browser, seq, do="drop")  # the worker has not read the other's word yet
        assert (answer.status_code, "Somebody else has decided" in answer.text) == (409, True)
    assert late.archive.seqs_of_type("queue") == [first.seq]


def test_an_empty_outbox_says_so(house):
    with house.client() as browser:
        assert "Everything has arrived." in browser.get("/outbox").text


@pytest.mark.parametrize(("drop", "became"), [("no", "released it to be sent"), ("yes", "dropped it")])
def test_what_is_held_says_why_and_how_it_begins_and_is_sent_or_dropped_from_its_row(house, drop, became):
    raw = mail(
        f"Re: order {ORDER}", "Write to <me> at me@shop.example.", from_=MAILBOX, to=BUYER, message_id="h1"
    )
    how = {"source": "submission", "mail_from": MAILBOX, "rcpt_to": (BUYER,), "mailbox": MAILBOX}
    with house.client() as browser:
        seq = house.take(raw, **how, agent="anna")
        (found, *_) = house.archive.entry(seq).meta["verdict"]["findings"]
        row = browser.get("/outbox").text.partition("Waiting for a second look")[2].partition("</li>\n<")[0]
        assert str(escape(found["message"])) in row
        assert "Write to &lt;me&gt; at me@shop.example." in row
        form = {"csrf": csrf_in(browser.get("/outbox").text), "drop": drop, "back": "/outbox"}
        done = browser.post(f"/message/{seq}/release", data=form)
        assert done.headers["location"].startswith("/outbox?saved=")
        shown = browser.get(done.headers["location"]).text
        assert became in shown
        assert "Waiting for a second look" not in shown
