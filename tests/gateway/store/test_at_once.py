"""Two at once on PostgreSQL, where a writer waits for another one only where it has been told to.

Each test stops one in the middle of its transaction, lets the other run until it waits or is done, and goes on.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import psycopg
import pytest

from gateway.clock import FixedClock
from gateway.errors import LoginChanged, WrongUse
from gateway.store import accounts as accounts_module
from gateway.store import identities, invitations
from gateway.store.accounts import Accounts
from gateway.store.engine import connect
from gateway.store.standing import Standing, hold_login
from gateway.store.tokens import Tokens
from tests.gateway.store.test_accounts import CHEAP

pytestmark = pytest.mark.needs("postgres")
_WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


@pytest.fixture
def accounts(postgres):
    accounts = Accounts(postgres(), FixedClock(datetime(2026, 3, 1, tzinfo=UTC)), hasher=CHEAP)
    accounts.add("anna", "sesame open", role="admin")
    yield accounts
    accounts.close()


@pytest.fixture
def meanwhile(accounts, monkeypatch):
    """Return a function that does one thing, and another once the first is in the middle: after a call of ``name`` in ``where``."""
    with ThreadPoolExecutor(1) as other:

        def both(first, where, name, second):
            real, begun = getattr(where, name), []
            url = connect(accounts.store._engine.url, synchronous="FULL").url
            looking = psycopg.connect(
                host=url.query["host"], user=url.username, dbname=url.database, autocommit=True
            )

            def stopped(*args, **kwargs):
                done = real(*args, **kwargs)
                if not begun:
                    begun.append(other.submit(second))
                    while not begun[0].done() and not looking.execute(_WAITING).fetchone()[0]:
                        pass
                return done

            monkeypatch.setattr(where, name, stopped)
            with looking:
                return first(), begun[0]

        yield both


CHANGES = {
    "invited": lambda accounts: accounts.invite("anna", 7),
    "moved": lambda accounts: accounts.assign("anna", role="auditor", mailboxes=()),
    "shut out": lambda accounts: accounts.disable("anna"),
    "password": lambda accounts: accounts.passwd("anna", "another sesame"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_session_is_not_begun_beside_the_change_that_ends_them(accounts, meanwhile, change):
    stamp = accounts.stamp("anna")
    _, late = meanwhile(
        lambda: change(accounts),
        accounts_module,
        "end_sessions",
        lambda: accounts.open_session("anna", 12, stamp=stamp),
    )
    with pytest.raises(LoginChanged):
        late.result()


def test_a_password_is_not_set_beside_the_invitation_that_voids_it(accounts, meanwhile):
    stamp = accounts.stamp("anna")
    by = Standing(name="anna", session=accounts.open_session("anna", 12, stamp=stamp), stamp=stamp)
    code, late = meanwhile(
        lambda: accounts.invite("anna", 7),
        accounts_module,
        "end_sessions",
        lambda: accounts.by(by).passwd("anna", "the thief's sesame"),
    )
    with pytest.raises(LoginChanged):
        late.result()
    assert accounts.check("anna", "the thief's sesame") is None
    assert accounts.invited(code) == "anna"


def test_an_invitation_lets_in_one_of_two_who_bring_it_at_once(accounts, meanwhile):
    code = accounts.invite("anna", 7)
    first, late = meanwhile(
        lambda: accounts.join(code, "words of the first"),
        invitations,
        "take",
        lambda: accounts.join(code, "words of the second"),
    )
    assert first.name == "anna"
    assert late.result() is None
    assert accounts.check("anna", "words of the first")


MADE = {
    "app password": lambda accounts: accounts.make_app_password("anna", "telephone"),
    "token": lambda accounts: Tokens(accounts.store, accounts._clock).make("anna", "erp", ["read"]),
}


@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
def test_nothing_is_made_for_who_is_being_removed(accounts, meanwhile, make):
    _, late = meanwhile(
        lambda: accounts.remove("anna"), identities, "unbind", lambda: make(accounts)
    )  # the last step but one
    with pytest.raises(WrongUse, match="no agent 'anna'"):
        late.result()
    accounts.add("anna", "another anna")
    assert accounts.app_passwords_of("anna") == ()
    assert Tokens(accounts.store, accounts._clock).list("anna") == []


def test_who_is_being_removed_leaves_no_identity_to_a_namesake(accounts, meanwhile):
    stamp, now = accounts.stamp("anna"), accounts._clock.now()

    def bind():
        with accounts.store.write() as tx:
            hold_login(tx, "anna", stamp)
            identities.bind(tx, "https://id.example", "7", "anna", now)

    _, late = meanwhile(lambda: accounts.remove("anna"), identities, "unbind", bind)
    with pytest.raises(LoginChanged):
        late.result()


def test_who_is_removed_while_they_are_invited_leaves_no_invitation_to_a_namesake(accounts, meanwhile):
    code, late = meanwhile(
        lambda: accounts.invite("anna", 7), invitations, "invite", lambda: accounts.remove("anna")
    )
    assert late.result() is None
    accounts.add("anna", "another anna")
    assert accounts.invited(code) == ""
