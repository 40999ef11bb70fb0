"""An order's timeline as ``docket order`` prints it."""

import re

import pytest

from gateway.cli.told import lines_of
from gateway.dossier.timeline import timeline_of
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from rules.facts import OrderRef
from tests.small_house import ORDER, build_house, close, mail, seed

REF = OrderRef(marketplace="amazon", value=ORDER)
_NUMBERED = re.compile(r" *(\d+)  \S+Z  \S")


@pytest.fixture
def house(tmp_path):
    built = build_house(tmp_path)
    built.seqs = seed(built)
    yield built
    close(built)


def lines(house):
    with house.store.read() as conn:
        return list(lines_of(timeline_of(conn, REF)))


def test_mail_answers_and_acts_stand_in_time_each_with_its_entry(house):
    house.clock.at = house.clock.at.replace(day=27)
    text = "Voucher\nagreed"
    note = house.act(Draft(type="note", payload=canonical({"of": house.seqs["thanks"], "text": text, "agent": "anna"}), meta={})).seq  # fmt: skip
    told = lines(house)
    numbered = [int(found[1]) for one in told if (found := _NUMBERED.match(one))]
    assert [one for one in numbered if one in house.seqs.values()] == list(house.seqs.values())
    assert any("delivered" in one and "250 2.0.0 Ok" in one for one in told)
    assert (
        f"{note:>8}  2026-11-27T11:53:30Z  Note on message {house.seqs['thanks']}, anna: Voucher agreed"
        in told
    )
    assert all(_NUMBERED.match(one) or one.startswith(" " * 10) for one in told)


def test_what_strangers_write_cannot_steer_the_terminal(house):
    raw = mail("Order", f"Order {ORDER}", message_id="x").replace(
        b"Subject: Order", b"Subject: =?utf-8?q?=1B=5B2J=E2=80=AEgo?="
    )
    house.take(raw)
    assert not any(sign in one for one in lines(house) for sign in ("\x1b", "\u202e", "\n"))
