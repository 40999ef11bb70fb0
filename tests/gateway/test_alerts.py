"""What could not be handed over is told of: once, in time, and never about itself."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

import pytest

from gateway.alerts import Alerts
from gateway.mail.entry import Envelope
from gateway.relay.transport import Delivered, Refused
from gateway.store import jobs
from gateway.store.records import JobRow
from tests.small_house import BUYER, MAILBOX, ORDER, build_house, close, mail

AT = datetime(2026, 11, 23, 18, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOTIFY = """
[[rule]]
name = "damage"
when = { text = "damaged" }
then = [{ do = "notify", to = "boss@brand.example", text = "A damaged parcel." }]
"""


class Box:
    """A mailbox server that refuses what carries a word, and takes all else."""

    def __init__(self, refuses=b"refuse-me"):
        self.refuses = refuses
        self.taken = []

    def send(self, raw, mail_from, recipients):
        if self.refuses in raw and b"X-Loop" not in raw:
            return (Refused(recipients=recipients, reply="552 5.2.3 Message too large"),)
        self.taken.append(raw)
        return (Delivered(recipients=recipients, reply="250 2.0.0 Saved"),)

    def close(self):
        pass


def job(kind="deliver", mailbox=MAILBOX, number=0, attempts=1):
    task = {"mailbox": mailbox, "recipients": [mailbox]}
    return JobRow(message=3, number=number, kind=kind, task=task, attempts=attempts)


@pytest.fixture
def open_house(tmp_path):
    opened = []

    def build(**settings):
        opened.append(build_house(tmp_path, **settings))
        return opened[-1]

    yield build
    for house in opened:
        close(house)


def texts(taken):
    return [message_from_bytes(raw, policy=policy.default) for raw in taken]


def test_the_first_failure_is_told_at_once_and_then_one_an_hour_for_each_mailbox():
    alerts = Alerts()
    first = alerts.after_failure(job(), AT)
    assert (first.people, first.due, first.since) == ((MAILBOX,), AT, AT)
    second = alerts.after_failure(job(), AT + timedelta(minutes=1))
    assert (second.due, second.since) == (AT + HOUR, AT)
    assert [alerts.after_failure(job(), AT + timedelta(minutes=n)) for n in range(2, 60)] == [None] * 58
    assert alerts.after_failure(job(mailbox="b@x.example"), AT).due == AT
    third = alerts.after_failure(job(), AT + HOUR)
    assert (third.due, third.since) == (AT + 2 * HOUR, AT + HOUR)
    late = alerts.after_failure(job(), AT + 9 * HOUR)
    assert (late.due, late.since) == (AT + 9 * HOUR, AT + 2 * HOUR)


@pytest.mark.parametrize("kind", ["relay", "alert"])
def test_an_agent_has_his_own_report_and_an_alert_never_tells_of_itself(kind):
    assert Alerts().after_failure(job(kind), AT) is None


def test_an_address_gets_so_many_notices_an_hour_and_no_more():
    alerts = Alerts()
    assert [alerts.allows_notice(job("notify"), AT) for _ in range(25)] == [True] * 20 + [False] * 5
    assert alerts.allows_notice(job("notify", attempts=2), AT)  # what was let through may be tried again
    assert alerts.allows_notice(job("notify", mailbox="b@x.example"), AT)
    assert alerts.allows_notice(job("notify"), AT + HOUR)


def test_a_refused_delivery_is_told_to_the_mailbox_itself(open_house):
    box = Box()
    house = open_house(deliver=box, web="http://127.0.0.1:8025")
    seq = house.take(mail("Too large", "refuse-me"))
    house.settle()
    (told,) = [one for one in texts(box.taken) if one["x-loop"]]
    assert str(told["subject"]) == "Docket: a message could not be delivered"
    assert f"http://127.0.0.1:8025/message/{seq}" in told.get_content()
    assert "552 5.2.3 Message too large" in told.get_content()
    with house.store.read() as conn:
        assert {one.kind: one.state for one in jobs.jobs_of(conn, seq)} == {
            "deliver": "dead",
            "alert": "done",
        }


def test_people_elsewhere_are_told_by_the_relay(open_house):
    house = open_house(deliver=Box(), alerts=("boss@elsewhere.example",))
    house.take(mail("Too large", "refuse-me"))
    house.settle()
    (told,) = texts(house.remote.taken)
    assert str(told["to"]) == "boss@elsewhere.example"
    assert told["from"].addresses[0].addr_spec == MAILBOX


def test_a_flood_of_failures_is_two_mails_and_the_second_lists_them_all(open_house):
    box = Box()
    house = open_house(deliver=box)
    for number in range(30):
        house.take(mail(f"Number {number}", f"refuse-me {number}", message_id=f"n{number}"))
    house.settle()
    assert len(box.taken) == 1
    house.clock.at += HOUR
    house.settle()
    first, second = texts(box.taken)
    assert str(first["subject"]) == "Docket: a message could not be delivered"
    assert str(second["subject"]) == "Docket: 30 messages could not be delivered"
    house.clock.at += 9 * HOUR
    house.settle()
    assert len(box.taken) == 2


def test_an_alert_that_fails_itself_ends_there(open_house):
    class Nobody:
        def send(self, raw, mail_from, recipients):
            return (Refused(recipients=recipients, reply="550 5.7.1 no"),)

        def close(self):
            pass

    house = open_house(deliver=Nobody())
    seq = house.take(mail("Hello", "text"))
    for _ in range(5):
        house.clock.at += 2 * HOUR
        house.settle()
    with house.store.read() as conn:
        assert [(one.kind, one.state) for one in jobs.jobs_of(conn, seq)] == [("deliver", "dead"), ("alert", "dead")]  # fmt: skip


def test_a_rebuild_brings_no_second_alert(open_house):
    box = Box()
    house = open_house(deliver=box)
    house.take(mail("Too large", "refuse-me"))
    house.settle()
    before = len(box.taken)
    house.store.clear()
    house.gateway.resume()
    house.settle()
    assert len(box.taken) == before == 1


def test_a_rule_tells_an_address_that_a_message_came(open_house):
    house = open_house(rules=NOTIFY)
    seq = house.take(mail(f"Order {ORDER}", "It came damaged. secret words"))
    house.settle()
    (told,) = texts(house.remote.taken)
    assert str(told["to"]) == "boss@brand.example"
    assert "A damaged parcel." in told.get_content()
    assert ORDER in told.get_content()
    assert "secret words" not in told.get_content()
    with house.store.read() as conn:
        assert {one.kind: one.state for one in jobs.jobs_of(conn, seq)} == {"deliver": "done", "notify": "done"}  # fmt: skip


@pytest.mark.parametrize(
    ("envelope", "fields"),
    [
        ({"source": "import"}, {}),
        ({"source": "fetch"}, {}),
        ({"mail_from": ""}, {}),
        ({}, {"Auto-Submitted": "auto-replied"}),
        ({}, {"X-Loop": "docket"}),
    ],
    ids=["imported", "fetched", "a bounce", "an absence note", "our own notice come back"],
)
def test_nobody_is_told_of_history_or_of_what_a_notice_could_cause(open_house, envelope, fields):
    house = open_house(rules=NOTIFY)
    house.take(mail("Hello", "It came damaged."), **envelope)
    raw = mail("Hello", "It came damaged, too.", **fields)
    house.take(raw, **envelope)
    house.settle()
    assert len(house.remote.taken) == (1 if fields else 0)  # the plain one beside it


def test_more_notices_than_an_hour_allows_fail_visibly_and_somebody_is_told(open_house):
    box = Box()
    house = open_house(rules=NOTIFY, deliver=box)
    for number in range(22):
        house.take(mail(f"Number {number}", f"damaged {number}", message_id=f"n{number}"))
    house.settle()
    assert len(house.remote.taken) == 20
    assert len([one for one in texts(box.taken) if one["x-loop"]]) == 1
    with house.store.read() as conn:
        dead = jobs.dead_jobs(conn)
    assert [one.kind for one in dead] == ["notify", "notify"]
    assert "notices of this hour" in dead[0].last


def test_what_a_server_fetched_is_history_and_delivers_nothing(open_house):
    box = Box()
    house = open_house(deliver=box)
    envelope = Envelope(source="fetch", received_at=AT, rcpt_to=(MAILBOX,), mailbox=MAILBOX, mail_from=BUYER)
    house.gateway.accept(mail("Old", "old mail"), envelope).result()
    house.settle()
    assert box.taken == []
