"""Messages wait for each other only where one can change what another rests on, however many share a key."""

import json

import pytest

from gateway.grounds import Customers
from gateway.mail.entry import Envelope
from tests.crash.house import Fuse, Place
from tests.small_house import MAILBOX, mail

MESSAGES = 500
ROUNDS = 60  # of them all; one round a message would be 500
ADDRESS = "\n\nShipping address:\nPerson {0}\nStreet 5\n{0} Berlin\n{1}\n"


def order(number: int) -> str:
    return f"302-{1_000_000 + number:07d}-{2_000_000 + number:07d}"


def notice(number: int, *, about: int, phone: str, sender: str) -> bytes:
    text = f"About order {order(about)}{ADDRESS.format(10_000 + number, phone)}"
    return mail(f"Notice {number}", text, from_=sender, message_id=f"n{number}")


@pytest.mark.parametrize(
    "shared",
    [
        lambda n: {"about": n, "phone": "+49 30 901820", "sender": f"b{n}x@marketplace.amazon.de"},
        lambda n: {"about": n, "phone": "", "sender": "reseller@elsewhere.example"},
        lambda n: {"about": 1, "phone": "", "sender": f"b{n}x@marketplace.amazon.de"},
    ],
    ids=["the shop's telephone in each", "one sender", "one order"],
)
def test_a_key_that_stands_in_every_message_costs_few_rounds(tmp_path, shared):
    place = Place(tmp_path)
    place.create()
    with place.open(Fuse()) as running:
        running.gateway.resume()
        taken = [
            running.gateway.accept(
                notice(n, **shared(n)),
                Envelope(source="import", mailbox=MAILBOX, received_at=running.clock.now(), origin=str(n)),
            )
            for n in range(MESSAGES)
        ]
        for one in taken:
            one.result()
        rounds = 0
        while running.gateway.process():
            rounds += 1
        decided = sum(1 for _ in running.archive.entries(0, types={"decision"}))
    assert decided == MESSAGES
    assert rounds <= ROUNDS


def test_what_is_common_tells_no_customer(tmp_path):
    place = Place(tmp_path)
    place.create()
    with place.open(Fuse()) as running:
        running.gateway.resume()
        for number in range(40):
            sender = f"b{number}x@marketplace.amazon.de"
            raw = notice(number, about=number, phone="+49 30 901820", sender=sender)
            running.gateway.accept(
                raw,
                Envelope(
                    source="import", mailbox=MAILBOX, received_at=running.clock.now(), origin=str(number)
                ),
            ).result()
        while running.gateway.process():
            pass
        found = [json.loads(entry.payload) for entry in running.archive.entries(0, types={"decision"})]
    asked = [bool(one["decision"]["context"]["customer"]) for one in sorted(found, key=lambda one: one["of"])]
    assert asked == [False, *[True] * 30, *[False] * 9]


def test_our_own_addresses_tell_no_customer_and_are_not_even_looked_up(tmp_path):
    place = Place(tmp_path)
    place.create()
    ours = f"e-mail address {MAILBOX}"
    with place.open(Fuse()) as running, running.store.read() as conn:
        customers = Customers.of([MAILBOX.upper()])
        customers.passed([ours, "telephone number +4930901820"])
        assert customers.asked(conn, 9, (ours, "telephone number +4930901820"), {}) == (
            "telephone number +4930901820",
        )
