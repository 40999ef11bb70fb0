"""Answers that come back, over the whole path: whose answer it is, who has not got it, who is told, and what may be sent again."""

from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes

import pytest

from gateway.delivery import Post
from gateway.queueing import queue_draft
from gateway.relay.advice import mend
from gateway.relay.transport import Deferred, Delivered, Refused
from gateway.store import due, jobs, messages
from gateway.store.turns import came_back
from rules.facts import OrderRef
from tests.small_house import BUYER, MAILBOX, ORDER, build_house, close, mail

SALES, DEPOT = "sales@brand.example", "depot@3pl.example"
ABOUT = OrderRef(marketplace="amazon", value=ORDER)


class Way:
    """A transport that answers as planned, and then takes everything."""

    def __init__(self, *plan):
        self.plan, self.got, self.to = list(plan), [], []

    def send(self, raw, mail_from, recipients):
        self.got.append(message_from_bytes(raw))
        self.to.append(recipients)
        if self.plan:
            return self.plan.pop(0)
        return (Delivered(recipients=recipients, reply="250 2.0.0 Ok"),)

    def close(self):
        pass

    @property
    def notices(self):
        return [str(one["Subject"]) for one in self.got if str(one["Subject"]).startswith("Not delivered")]


@pytest.fixture
def house(tmp_path):
    """A house of two mailboxes, each with readers of its own, and a buyer's question about an order."""
    built = build_house(tmp_path, deliver=Way())
    posts = built.gateway._posts
    built.box, built.sales = posts[MAILBOX].deliver, Way()
    posts[SALES] = Post(
        address=SALES, name="Sales", sender=SALES, deliver=built.sales, relay=posts[MAILBOX].relay
    )
    built.gateway._deciding._mailboxes[SALES] = SALES
    built.question = built.take(
        mail(f"Anfrage zur Bestellung {ORDER}", f"Kaputt.\n\nBestellnummer: {ORDER}\n", message_id="q1")
    )
    yield built
    close(built)


def by(house, way):
    house.gateway._posts[MAILBOX] = replace(house.gateway._posts[MAILBOX], relay=way)
    return way


def answer(house, message_id="a1", *others, mailbox=MAILBOX, **fields):
    house.clock.at += timedelta(minutes=10)
    raw = mail("Re: Anfrage", f"We send a new one ({message_id}).", from_=f"Anna <{mailbox}>", to=BUYER, message_id=message_id, In_Reply_To="<q1@mail.example>", **fields)  # fmt: skip
    return house.take(
        raw, source="submission", agent="anna", mail_from=mailbox, rcpt_to=(BUYER, *others), mailbox=mailbox
    )


def report(*groups, returned="a1", to=MAILBOX, says="This is the mail system.", fields=""):
    told = "\n\n".join(["Reporting-MTA: dns; mx.example", *groups])
    text = (
        f"From: MAILER-DAEMON@mx.example\nTo: {to}\nSubject: Undelivered Mail Returned to Sender\n{fields}MIME-Version: 1.0\n"
        f"Message-ID: <{abs(hash((told, returned, says)))}@mx.example>\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
        f"--b\nContent-Type: text/plain\n\n{says}\n\n--b\nContent-Type: message/delivery-status\n\n{told}\n\n"
        f"--b\nContent-Type: text/rfc822-headers\n\nFrom: x@brand.example\nMessage-ID: <{returned}@mail.example>\n\n--b--\n"
    )
    return text.replace("\n", "\r\n").encode()


def failed(to=BUYER, status="5.1.1", why="550 5.1.1 no such user"):
    return f"Final-Recipient: rfc822; {to}\nAction: failed\nStatus: {status}\nDiagnostic-Code: smtp; {why}"


def comes_back(house, raw, to=MAILBOX, **envelope):
    house.clock.at += timedelta(minutes=5)
    return house.take(raw, mail_from="", rcpt_to=(to,), mailbox=to, trusted=False, **envelope)


def returned(house):
    with house.store.read() as conn:
        return came_back(conn, range(house.archive.head()))


def waits(house):
    with house.store.read() as conn:
        return [one.name for one in due.clocks_of_order(conn, ABOUT) if one.stopped_by is None]


def jobs_of(house, seq):
    with house.store.read() as conn:
        return {one.number: one for one in jobs.jobs_of(conn, seq)}


def say(house, seq, do):
    with house.store.read() as conn:
        draft = queue_draft(
            jobs.jobs_of(conn, seq)[0], messages.message(conn, seq), do, agent="anna", reason="", source="cli"
        )
    return house.act(draft)


def test_trying_again_goes_to_everybody_who_was_missed_on_any_attempt(house):
    way = by(house, Way(
        (Refused(recipients=(BUYER,), reply="550 5.7.1 not an approved sender"), Deferred(recipients=(DEPOT,), reply="451 4.7.1 later")),
    ))  # fmt: skip
    seq = answer(house, "a1", DEPOT, Cc=DEPOT)
    house.clock.at += timedelta(minutes=3)
    house.settle()
    assert way.to == [(BUYER, DEPOT), (DEPOT,)]
    assert jobs_of(house, seq)[0].state == "dead"
    say(house, seq, "retry")
    assert way.to[2:] == [(BUYER,)]
    assert jobs_of(house, seq)[0].state == "done"
    assert waits(house) == []


def test_a_copy_that_did_not_reach_a_colleague_takes_no_answer_back(house):
    seq = answer(house, "a1", DEPOT, Cc=DEPOT)
    comes_back(house, report(failed(DEPOT)))
    assert (returned(house), waits(house), house.box.notices) == (set(), [], [])
    comes_back(house, report(failed()))
    assert (returned(house), waits(house), len(house.box.notices)) == ({seq}, ["reply"], 1)


def test_the_buyer_who_gets_it_later_than_a_colleague_has_it_all_the_same(house):
    by(
        house,
        Way(
            (
                Deferred(recipients=(BUYER,), reply="451 4.7.1 later"),
                Delivered(recipients=(DEPOT,), reply="250 ok"),
            )
        ),
    )
    answer(house, "a1", DEPOT, Cc=DEPOT)
    comes_back(house, report(failed(DEPOT)))
    house.clock.at += timedelta(minutes=3)
    house.settle()
    assert waits(house) == []


def test_the_mailbox_whose_answer_it_was_is_told_and_no_other(house):
    answer(house)
    comes_back(house, report(failed(), to=SALES), to=SALES)
    assert (waits(house), len(house.box.notices), house.sales.notices) == (["reply"], 1, [])


def test_a_report_without_an_id_is_about_its_own_mailbox(house):
    answer(house)
    loose = f"From: mailer-daemon@mx.example\r\nSubject: Undelivered\r\n\r\nYour mail to {BUYER} could not be delivered: 550 no such user\r\n"
    comes_back(house, loose.encode(), to=SALES)
    assert (returned(house), house.sales.notices) == (set(), [])
    comes_back(house, loose.encode() + b"again\r\n")
    assert len(house.box.notices) == 1


def test_a_report_on_other_mail_of_ours_is_not_about_the_answer(house):
    answer(house)
    answer(house, "robot", Auto_Submitted="auto-replied")
    comes_back(house, report(failed(), returned="robot"))
    comes_back(house, report(failed(DEPOT), returned="q1"))
    assert (returned(house), waits(house), house.box.notices) == (set(), [], [])


def test_one_answer_brings_one_notice_and_strangers_cannot_use_up_the_hour(house):
    answer(house)
    for number in range(25):
        comes_back(house, report(failed("x@elsewhere.example"), returned=f"nothing{number}"))
    for number in range(3):
        comes_back(house, report(failed(), says=f"report {number}"))
    assert len(house.box.notices) == 1


def test_what_came_back_may_be_sent_again_as_it_is(house):
    way = by(house, Way())
    answer(house)
    comes_back(house, report(failed()))
    assert waits(house) == ["reply"]
    house.clock.at += timedelta(minutes=30)
    answer(house)
    assert len(way.to) == 2
    assert waits(house) == []


def test_a_captured_report_is_told_to_nobody_by_a_rule_that_fits_everything(tmp_path):
    rules = '[[rule]]\nname = "all"\nwhen = { text = "." }\nthen = [{ do = "notify", to = "dead@brand.example" }]\n'
    built = build_house(tmp_path, rules=rules, deliver=Way())
    try:
        raw = b"Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nSubject: failure notice\r\n\r\nHi. <dead@brand.example>: no such user\r\n"
        seq = built.take(raw, source="fetch", live=True, mail_from="", trusted=False)
        assert "notify" not in {one.kind for one in jobs_of(built, seq).values()}
        seq = built.take(mail("A question", "Hello"), source="fetch", live=True, mail_from="", trusted=False)
        assert "notify" in {one.kind for one in jobs_of(built, seq).values()}
    finally:
        close(built)


def test_whoever_drops_an_answer_a_second_time_is_told_a_second_time(house):
    by(house, Way(*[(Deferred(recipients=(BUYER,), reply="451 4.7.1 later"),)] * 3))
    seq = answer(house)
    say(house, seq, "drop")
    say(house, seq, "retry")
    say(house, seq, "drop")
    assert sum(one.kind == "report" for one in jobs_of(house, seq).values()) == 2


@pytest.mark.parametrize(
    ("said", "word"),
    [("5.1.2 550 5.1.2 Host or domain", "Check the domain"), ("5.3.4 too much", "smaller"), ("550 5.2.2 over", "full"), ("5.7.8 Bad", "login")],
)  # fmt: skip
def test_a_status_gives_its_advice_wherever_it_stands(said, word):
    assert word in mend(said)


def test_a_receiver_of_webhooks_survives_a_database_that_is_locked(house, monkeypatch):
    from sqlalchemy.exc import OperationalError

    from gateway.hooks import Hooks

    told = []

    class Ended:
        def wait(self, _):
            return len(told) > 3

    def tell(self, one):
        told.append(one)
        raise OperationalError("select", {}, Exception("database is locked"))

    monkeypatch.setattr(Hooks, "tell", tell)
    from types import SimpleNamespace

    Hooks._keep(Hooks.__new__(Hooks), SimpleNamespace(name="erp"), Ended())
    assert len(told) == 4
