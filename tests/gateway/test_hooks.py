"""Webhooks: told in order, signed, each until it is taken, and never before it is archived."""

import base64
import hashlib
import hmac
import json
import threading
from datetime import timedelta

import pytest

from gateway.hooks import Hooks, Receiver
from gateway.store.hooks import HookPlaces
from gateway.web.deeds import Doer, note_on
from tests.hook_receiver import receiver
from tests.small_house import MAILBOX, build_house, close, mail

SECRET = b"between us two"


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    built = build_house(tmp_path_factory.mktemp("told"))
    built.seqs["first"] = built.take(mail("One", "First words", message_id="h1"))
    yield built
    close(built)


def hooks(house, url, name, **more):
    one = Receiver(name=name, url=url, secret=lambda: SECRET, timeout_s=5.0, **more)
    made = Hooks(
        house.store, HookPlaces(house.accounts.store), house.clock, [one], "https://d.example/api/v1"
    )
    made.tell(one)  # it begins here
    return made, one


def place(house, name):
    return next(one for one in HookPlaces(house.accounts.store).all() if one.name == name)


def test_what_comes_is_told_in_order_signed_and_without_a_word_of_it(house):
    with receiver() as (url, took, _):
        made, one = hooks(house, url, "erp", types=frozenset({"mail.in", "note"}))
        seq = house.take(mail("Two", "Secret words", message_id="h2"))
        noted = house.act(note_on(house.site, seq, "More secret words", Doer(agent="anna"))).seq
        assert made.tell(one) is False
    told = [json.loads(body) for _, body in took]
    assert [(one["type"], one["data"]["seq"], one["data"]["of"]) for one in told] == [
        ("mail.in", seq, seq),
        ("note", noted, seq),
    ]
    assert told[1]["data"]["agent"] == "anna"
    assert (
        told[0]["data"] | {"mailbox": MAILBOX, "message": f"https://d.example/api/v1/messages/{seq}"}
        == told[0]["data"]
    )
    assert b"ecret" not in took[0][1] + took[1][1]
    for headers, body in took:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        made_by = base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{made_by}"
    assert place(house, "erp").told_at == house.clock.now()


@pytest.mark.parametrize("status", [500, 302, 410])
def test_what_is_not_taken_is_told_again_later_and_later_and_nothing_goes_ahead_of_it(house, status):
    name = f"slow-{status}"
    with receiver() as (url, took, answers):
        made, one = hooks(house, url, name, types=frozenset({"mail.in"}))
        seqs = [house.take(mail(f"{status} {n}", "x", message_id=f"{status}{n}")) for n in range(2)]
        answers += [status, status]
        made.tell(one)
        assert (place(house, name).failures, place(house, name).said) == (1, f"answered {status}")
        made.tell(one)  # too early: nobody is asked
        assert len(answers) == 1
        house.clock.at += timedelta(seconds=5)
        made.tell(one)
        assert place(house, name).failures == 2
        assert place(house, name).next_at == house.clock.now() + timedelta(seconds=10)
        house.clock.at += timedelta(seconds=10)
        again = Hooks(
            house.store, HookPlaces(house.accounts.store), house.clock, [one], ""
        )  # after a restart
        again.tell(one)
        assert [json.loads(body)["data"]["seq"] for _, body in took] == seqs
    assert (place(house, name).failures, place(house, name).said) == (0, "")


def test_a_receiver_that_is_away_is_waited_for_and_a_mailbox_s_own_is_told_of_it_alone(house):
    with receiver() as (url, took, _):
        made, one = hooks(house, url, "one-box", mailboxes=frozenset({"other@brand.example"}))
        house.take(mail("Not theirs", "x", message_id="b1"))
        seq = house.take(
            mail("Theirs", "x", to="other@brand.example", message_id="b2"), mailbox="other@brand.example"
        )
        made.tell(one)
        assert {json.loads(body)["data"]["of"] for _, body in took} == {seq}
    house.take(
        mail("Theirs too", "x", to="other@brand.example", message_id="b3"), mailbox="other@brand.example"
    )
    made.tell(one)
    assert place(house, "one-box").failures == 1
    assert "refused" in place(house, "one-box").said


def test_it_runs_beside_the_service_and_ends_with_it(house):
    arrived = threading.Event()
    with receiver() as (url, took, _):
        made, _ = hooks(house, url, "kept", types=frozenset({"mail.in"}))
        house.take(mail("Kept", "x", message_id="k1"))
        before = threading.active_count()
        with made.kept():
            for _ in range(200):
                if took:
                    break
                arrived.wait(0.02)
        assert threading.active_count() == before
        assert len(took) == 1
