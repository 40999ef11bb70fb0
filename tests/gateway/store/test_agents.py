"""A login that was changed while somebody was on their way in, and what opens the mail of who has a second step."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from argon2 import PasswordHasher

from gateway.clock import FixedClock
from gateway.errors import LoginChanged, WrongUse
from gateway.store.accounts import Accounts
from gateway.store.attempts import Attempts
from gateway.store.factors import Factors
from tests.gateway.store.test_accounts import CHEAP


@pytest.fixture
def clock():
    return FixedClock(datetime(2026, 3, 1, 12, 0, 10, tzinfo=UTC))


@pytest.fixture
def accounts(url, clock):
    accounts = Accounts(url, clock, hasher=CHEAP)
    accounts.add("anna", "sesame open", role="admin")
    yield accounts
    accounts.close()


CHANGES = {
    "password": lambda accounts: accounts.passwd("anna", "another sesame"),
    "invitation": lambda accounts: accounts.invite("anna", 1),
    "shut out": lambda accounts: accounts.disable("anna"),
    "removed": lambda accounts: accounts.remove("anna"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_who_was_on_their_way_in_when_their_login_changed_does_not_arrive(accounts, change):
    stamp = accounts.stamp("anna")
    assert accounts.open_session("anna", 1, stamp=stamp)
    change(accounts)
    assert accounts.stamp("anna") != stamp
    with pytest.raises(LoginChanged):
        accounts.open_session("anna", 1, stamp=stamp)
    with pytest.raises(LoginChanged):
        accounts.open_session("anna", 1, stamp="")


def test_who_is_shut_out_on_their_way_in_begins_again_when_they_are_let_in(accounts, clock):
    attempts = Attempts(accounts.store, clock)
    theirs, others = (attempts.begin("second", {"agent": name}) for name in ("anna", "ben"))
    strangers = attempts.begin("passkey", {"challenge": "00"})
    accounts.disable("anna")
    accounts.disable("anna", disabled=False)
    assert attempts.take("second", theirs) is None
    assert attempts.take("second", others)
    assert attempts.take("passkey", strangers)


def test_a_password_that_is_kept_better_now_opens_at_once(url, clock, accounts):
    weak = accounts.stamp("anna")
    with closing(Accounts(url, clock, hasher=PasswordHasher(2, 8, 1))) as grown:
        found = grown.check("anna", "sesame open")
        assert found.stamp == grown.stamp("anna") != weak
        assert grown.open_session("anna", 1, stamp=found.stamp)


def test_a_password_that_was_changed_while_it_was_kept_better_stays_changed(
    url, clock, accounts, monkeypatch
):
    with closing(Accounts(url, clock, hasher=PasswordHasher(2, 8, 1))) as grown:
        hash_, began = grown._passwords.hash, []

        def hash_slowly(password):
            if not began:
                began.append(accounts.passwd("anna", "another sesame"))
            return hash_(password)

        monkeypatch.setattr(grown._passwords, "hash", hash_slowly)
        assert grown.check("anna", "sesame open") is None
        assert began
        assert grown.check("anna", "another sesame")


def test_a_new_password_makes_an_invitation_void(accounts):
    code = accounts.invite("anna", 1)
    assert accounts.invited(code) == "anna"
    accounts.passwd("anna", "another sesame")
    assert accounts.invited(code) == ""
    assert accounts.join(code, "the finder's sesame") is None
    assert accounts.check("anna", "another sesame")


def test_an_invitation_waits_for_who_is_shut_out(accounts):
    code = accounts.invite("anna", 1)
    accounts.disable("anna")
    assert accounts.join(code, "another sesame") is None
    accounts.disable("anna", disabled=False)
    assert accounts.join(code, "another sesame").name == "anna"
    assert accounts.join(code, "a third sesame") is None


def test_with_a_second_step_mail_clients_come_in_with_app_passwords_alone(accounts, clock):
    _, app_password = accounts.make_app_password("anna", "telephone")
    assert accounts.check("anna", "sesame open", client=True)
    factors = Factors(accounts.store, clock, b"k" * 32)
    secret = pyotp.random_base32()
    clock.at += timedelta(minutes=1)
    assert factors.set_app("anna", secret, pyotp.TOTP(secret).at(clock.at))
    assert accounts.check("anna", "sesame open", client=True) is None
    assert accounts.check("anna", app_password, client=True).name == "anna"
    assert (
        accounts.check("anna", "sesame open").name == "anna"
    )  # the pages ask for the second step themselves


@pytest.mark.parametrize("name", [".", "..", "...."])
def test_a_name_of_dots_is_no_place_in_a_url_and_none_to_log_in_with(accounts, name):
    with pytest.raises(WrongUse):
        accounts.add(name, "sesame open")
