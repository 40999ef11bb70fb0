"""A mail client may log in with the agent's name or with an address that holds it; both are the same name."""

import asyncio

import pytest

from gateway.door.doorkeeper import Doorkeeper, Login, TurnedAway
from gateway.door.limits import Limits
from gateway.door.names import Names
from gateway.ticket import Ticket

BOXES = {"support@brand.example": "support@brand.example"}
NAMES = Names(
    is_agent={"anna", "boss@brand.example", "x+y@brand.example"}.__contains__,
    mailbox_of=lambda address: BOXES.get(address.lower()),
    domains={"brand.example"},
)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("anna", ("anna", "")),
        ("anna/support@brand.example", ("anna", "support@brand.example")),
        ("support+anna@brand.example", ("anna", "support@brand.example")),
        ("Support+anna@Brand.example", ("anna", "Support@Brand.example")),
        ("anna@brand.example", ("anna", "")),
        ("anna@BRAND.example", ("anna", "")),
        ("anna@other.example", ("anna@other.example", "")),
        ("boss@brand.example", ("boss@brand.example", "")),
        ("x+y@brand.example", ("x+y@brand.example", "")),
        ("other+anna@brand.example", ("other+anna@brand.example", "")),
        ("@brand.example", ("@brand.example", "")),
        ("", ("", "")),
    ],
)
def test_the_agent_and_the_mailbox_are_read_from_what_is_given(given, read):
    assert NAMES.read(given) == read


def test_a_name_is_throttled_however_it_is_written():
    doorkeeper = Doorkeeper(lambda _name, _password: None, Limits(login_failures_per_name=2), NAMES)

    async def tried(name):
        with pytest.raises(TurnedAway) as away:
            await doorkeeper.admit("192.0.2.1", Login(name, "x"))
        return away.value.temporary

    async def all_() -> list[bool]:
        return [await tried(name) for name in ("anna", "support+anna@brand.example", "anna@brand.example")]

    assert asyncio.run(all_()) == [False, False, True]


def test_a_fault_of_ours_while_a_name_is_read_is_nobodys_failure():
    def broken(_name):
        raise OSError("the disk")

    doorkeeper = Doorkeeper(
        lambda name, _password: Ticket(agent=name, stamp=""), Limits(), Names(is_agent=broken)
    )
    with pytest.raises(TurnedAway, match="cannot be checked at the moment"):
        asyncio.run(doorkeeper.admit("192.0.2.1", Login("anna", "x")))
