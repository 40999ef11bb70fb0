"""Warnings before a claim's deadline: each once, to whom the settings say, and none when nobody need be warned."""

from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy

import pytest

from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from gateway.relay.transport import Delivered
from gateway.store import jobs
from rules.deadlines import Timetable
from tests.small_house import MAILBOX, ORDER, build_house, close, mail

HOUR = timedelta(hours=1)


class Box:
    """The people's mailbox server."""

    def __init__(self):
        self.taken = []

    def send(self, raw, mail_from, recipients):
        self.taken.append((message_from_bytes(raw, policy=policy.default), recipients))
        return (Delivered(recipients=recipients, reply="250 2.0.0 Saved"),)

    def close(self):
        pass


@pytest.fixture
def house(tmp_path):
    house = build_house(tmp_path, deliver=Box(), web="http://127.0.0.1:8025")
    yield house
    close(house)


def box_of(house):
    return house.gateway._posts[MAILBOX].deliver


def claim(house, text="We received a claim.", **envelope):
    raw = mail(
        f"Claim received on order {ORDER}",
        text,
        from_="atoz-guarantee-no-reply@amazon.de",
        message_id="c1",
        X_Space_Notification_Type="A_Z_CLAIM_RESPONDENT_NOTIFY",
    )
    return house.take(raw, **{"mail_from": "atoz-guarantee-no-reply@amazon.de", **envelope})


def warnings(house):
    return [one for one, _ in box_of(house).taken if one["x-loop"]]


def later(house, length):
    house.clock.at += length
    house.settle()
    return [str(one["subject"]) for one in warnings(house)]


def test_people_are_warned_at_each_distance_and_once(house):
    seq = claim(house)
    begun = house.clock.at
    assert warnings(house) == []
    assert later(house, 23 * HOUR) == []
    assert later(house, HOUR) == [f"Docket: 24 h left: claim answer, order {ORDER}"]
    assert len(later(house, HOUR)) == 1
    assert len(later(house, 17 * HOUR)) == 2
    assert later(house, 5 * HOUR)[2].startswith("Docket: 1 h left")
    assert len(later(house, 90 * HOUR)) == 3
    text = warnings(house)[0].get_content()
    assert f"Due:      {begun + 48 * HOUR:%Y-%m-%d %H:%M} UTC" in text
    assert f"http://127.0.0.1:8025/message/{seq}" in text
    assert f"docket mark {seq} --answered-elsewhere --clock claim_answer" in text


def test_a_claim_that_was_answered_is_warned_of_no_more(house):
    seq = claim(house)
    word = {"of": seq, "as": "answered elsewhere", "clock": "claim_answer", "agent": "anna"}
    house.act(Draft(type="mark", payload=canonical(word), meta={"source": "web"}))
    assert later(house, 100 * HOUR) == []
    with house.store.read() as conn:
        states = {one.kind: one.state for one in jobs.jobs_of(conn, seq)}
    assert states == {"deliver": "done", "warn": "done"}


def test_what_the_mail_states_moves_the_warnings_and_those_too_late_become_one_at_once(house):
    claim(house, "You must respond within 5 hours or the claim is granted.")
    assert [str(one["subject"])[:14] for one in warnings(house)] == ["Docket: 5 h le"]
    assert len(later(house, 4 * HOUR)) == 2


def test_after_a_long_stop_only_the_last_warning_is_sent(house):
    claim(house)
    (said,) = later(house, 60 * HOUR)
    assert said.startswith("Docket: overdue by 12 h")


def test_history_warns_of_nothing(house):
    seq = claim(house, source="import", mail_from="", rcpt_to=())
    assert later(house, 100 * HOUR) == []
    with house.store.read() as conn:
        assert jobs.jobs_of(conn, seq) == []


def test_a_rebuild_warns_nobody_again(house):
    claim(house)
    assert len(later(house, 24 * HOUR)) == 1
    house.store.clear()
    house.settle()
    assert len(warnings(house)) == 1
    assert len(later(house, 18 * HOUR)) == 2


def test_the_people_of_the_settings_are_told(house):
    book = house.gateway._deciding.book
    timetable = Timetable(zone="Europe/Berlin", claim_warnings=(48,), people=("boss@elsewhere.example",))
    house.gateway.rule_by(replace(book, marketplaces=replace(book.marketplaces, timetable=timetable)))
    claim(house)
    assert warnings(house) == []
    (told,) = [message_from_bytes(raw, policy=policy.default) for raw in house.remote.taken]
    assert str(told["to"]) == "boss@elsewhere.example"
    assert " CET (" in told.get_content()
