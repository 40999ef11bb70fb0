"""Tickets of mail clients: good for as long as what they were given for would open, and no longer."""

from datetime import UTC, datetime

import pytest
from argon2 import PasswordHasher

from gateway.clock import FixedClock
from gateway.store.accounts import Accounts
from gateway.store.factors import Factors
from gateway.store.tickets import Tickets

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # tests are not attacked
WORD = "sesame open"
CLOCK = FixedClock(datetime(2026, 3, 1, tzinfo=UTC))


@pytest.fixture
def accounts(url):
    accounts = Accounts(url, CLOCK, hasher=CHEAP)
    for name in ("anna", "ben"):
        accounts.add(name, WORD, mailboxes=["a@x"])
    yield accounts
    accounts.close()


def with_second_step(accounts):
    Factors(accounts.store, CLOCK, bytes(32)).add_passkey("anna", "key", b"id", b"key", 0)


ENDS = {
    "shut out": lambda accounts: accounts.disable("anna"),
    "removed": lambda accounts: accounts.remove("anna"),
    "moved": lambda accounts: accounts.assign("anna", role="agent", mailboxes=["b@x"]),
    "of another role": lambda accounts: accounts.assign("anna", role="auditor", mailboxes=["a@x"]),
    "of another password": lambda accounts: accounts.passwd("anna", "other words"),
    "invited anew": lambda accounts: accounts.invite("anna", 1),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_whatever_ends_a_login_voids_its_tickets_and_nobody_elses(accounts, end):
    tickets = Tickets(accounts)
    _, word = accounts.make_app_password("anna", "telephone")
    annas = {tickets.give("Anna", WORD), tickets.give("anna", word)}
    bens = tickets.give("ben", WORD)
    assert tickets.void([*annas, bens]) == set()
    end(accounts)
    assert tickets.void([*annas, bens]) == annas


def test_an_app_password_that_is_taken_back_voids_what_it_opened_alone(accounts):
    tickets = Tickets(accounts)
    made = [accounts.make_app_password("anna", label) for label in ("telephone", "office")]
    telephone, office = (tickets.give("anna", word) for _, word in made)
    own = tickets.give("anna", WORD)
    accounts.revoke_app_password("anna", made[0][0])
    assert tickets.void([telephone, office, own]) == {telephone}
    assert tickets.give("anna", made[0][1]) is None


def test_a_second_step_voids_what_the_password_opened_alone(accounts):
    tickets = Tickets(accounts)
    _, word = accounts.make_app_password("anna", "telephone")
    by_app, own = tickets.give("anna", word), tickets.give("anna", WORD)
    with_second_step(accounts)
    assert tickets.void([by_app, own]) == {own}


def test_nobody_gets_a_ticket_for_a_wrong_password(accounts):
    tickets = Tickets(accounts)
    assert [tickets.give(name, "docket-x") for name in ("anna", "nobody")] == [None, None]
    assert tickets.give("anna", "other words") is None
