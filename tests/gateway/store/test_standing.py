"""By what right a login's own keys are changed: a session that is open still, and a login that is as it was."""

from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from gateway.clock import FixedClock
from gateway.errors import LoginChanged
from gateway.store.accounts import Accounts
from gateway.store.attempts import Attempts
from gateway.store.factors import Factors
from gateway.store.sessions import Sessions
from gateway.store.standing import Standing
from gateway.store.tokens import Tokens, issue
from tests.gateway.store.test_accounts import CHEAP

SECRET = pyotp.random_base32()


@pytest.fixture
def clock():
    return FixedClock(datetime(2026, 3, 1, 12, 0, 10, tzinfo=UTC))


@pytest.fixture
def accounts(url, clock):
    accounts = Accounts(url, clock, hasher=CHEAP)
    accounts.add("anna", "sesame open", role="admin")
    accounts.add("ben", "sesame open")
    yield accounts
    accounts.close()


def shut_out_and_let_in(accounts):
    accounts.disable("anna")
    accounts.disable("anna", disabled=False)


def remove_and_add(accounts):
    accounts.remove("anna")
    accounts._clock.at += timedelta(seconds=1)
    accounts.add("anna", "another anna", role="admin")


def end_session(accounts):
    sessions = Sessions(accounts.store, accounts._clock)
    sessions.end(sessions.list("anna")[0].id)


CHANGES = {
    "invited": lambda accounts: accounts.invite("anna", 7),
    "password": lambda accounts: accounts.passwd("anna", "another sesame"),
    "moved": lambda accounts: accounts.assign("anna", role="auditor", mailboxes=()),
    "shut out and let in": shut_out_and_let_in,
    "somebody else by now": remove_and_add,
    "session ended": end_session,
}


def deeds(accounts, by):
    """Return all that is done by somebody's standing."""
    clock = accounts._clock
    mine, factors = accounts.by(by), Factors(accounts.store, clock, b"k" * 32).by(by)
    return {
        "add": lambda: mine.add("eve", None, role="admin"),
        "passwd": lambda: mine.passwd("anna", "the thief's sesame"),
        "invite": lambda: mine.invite("ben", 7),
        "assign": lambda: mine.assign("ben", role="admin", mailboxes=()),
        "disable": lambda: mine.disable("ben"),
        "remove": lambda: mine.remove("ben"),
        "app password": lambda: mine.make_app_password("anna", "telephone"),
        "token": lambda: issue(
            Tokens(accounts.store, clock),
            lambda _: None,
            "anna",
            "erp",
            ["read"],
            by="anna",
            source="web",
            standing=by,
        ),
        "app": lambda: factors.set_app("anna", SECRET, pyotp.TOTP(SECRET).at(clock.now())),
        "codes": lambda: factors.new_codes("anna"),
        "passkey": lambda: factors.add_passkey("anna", "ring", b"credential", b"public", 3),
        "remove passkey": lambda: factors.remove("anna", "app"),
        "attempt": lambda: Attempts(mine.store, clock).begin("new app", {"agent": "anna"}),
    }


def standing(accounts):
    stamp = accounts.stamp("anna")
    return Standing(name="anna", session=accounts.open_session("anna", 12, stamp=stamp), stamp=stamp)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_nothing_is_changed_by_who_has_no_standing_any_more(accounts, clock, change):
    by = standing(accounts)
    change(accounts)
    before = [(one, one.stamp) for one in accounts.list()]
    for what, deed in deeds(accounts, by).items():
        with pytest.raises(LoginChanged):
            print(what, deed())
    assert [(one, one.stamp) for one in accounts.list()] == before
    assert accounts.app_passwords_of("anna") == ()
    assert Tokens(accounts.store, clock).list() == []
    held = Factors(accounts.store, clock, b"k" * 32).of("anna")
    assert not held.any
    assert held.codes == 0


def test_who_stands_changes_what_is_theirs(accounts):
    by = standing(accounts)
    made = deeds(accounts, by)
    ends = made.pop("passwd")
    for deed in made.values():
        deed()
    assert accounts.agent("eve").role == "admin"
    assert accounts.open_session("anna", 12, stamp=ends()), "the new password's own stamp"
    with pytest.raises(LoginChanged):
        made["codes"]()


def test_the_stamp_of_a_new_password_is_that_of_its_own_change(accounts):
    """What an admin does between a change and the session that it opens is not signed off by it."""
    stamp = accounts.passwd("anna", "another sesame")
    accounts.invite("anna", 7)
    with pytest.raises(LoginChanged):
        accounts.open_session("anna", 12, stamp=stamp)
    joined = accounts.join(accounts.invite("anna", 7), "a third sesame")
    assert joined.stamp == accounts.stamp("anna")
    remove_and_add(accounts)
    with pytest.raises(LoginChanged):
        accounts.open_session("anna", 12, stamp=joined.stamp)


def test_who_has_the_name_of_somebody_that_was_removed_is_somebody_else(accounts):
    """Where people log in at their company, there is no password that tells them apart."""
    accounts.add("cleo", None)
    stamp = accounts.stamp("cleo")
    accounts.remove("cleo")
    accounts._clock.at += timedelta(seconds=1)
    accounts.add("cleo", None)
    with pytest.raises(LoginChanged):
        accounts.open_session("cleo", 12, stamp=stamp)
