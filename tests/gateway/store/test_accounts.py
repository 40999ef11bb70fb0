"""Who may log in, with which password, for how long."""

from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text

from gateway.clock import FixedClock
from gateway.errors import WrongUse
from gateway.store.accounts import Accounts
from gateway.store.agents import Agent
from gateway.store.engine import connect

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # tests are not attacked


@pytest.fixture
def clock():
    return FixedClock(datetime(2026, 3, 1, tzinfo=UTC))


@pytest.fixture
def accounts(url, clock):
    accounts = Accounts(url, clock, hasher=CHEAP)
    yield accounts
    accounts.close()


def test_an_agent_gets_in_with_their_password_only(accounts):
    anna = accounts.add("Anna", "sesame open", full_name="Anna A.", mailboxes=["Support@brand.example"])
    assert anna == Agent(
        name="anna", full_name="Anna A.", mailboxes=("support@brand.example",), role="agent", disabled=False
    )
    assert accounts.check("anna", "sesame open") == anna
    assert accounts.check(" ANNA", "sesame open") == anna
    assert accounts.check("anna", "Sesame open") is None
    assert accounts.check("anna", "") is None
    assert accounts.check("nobody", "sesame open") is None


def test_an_accent_is_the_same_however_it_was_typed(accounts):
    accounts.add("bj\u00f6rn", "caf\u00e9 latte")
    assert accounts.check("bjo\u0308rn", "cafe\u0301 latte")


@pytest.mark.parametrize("name", ["", "  ", "a b", "a\x00b", "a\nb", "x" * 65, "a\ud800"])
def test_a_name_nobody_could_type_is_refused(accounts, name):
    with pytest.raises(WrongUse, match="no name to log in with"):
        accounts.add(name, "long enough")


@pytest.mark.parametrize(
    ("name", "password"), [("\x00", "x"), ("\ud800", "\ud800"), ("a" * 99_999, "b" * 99_999)]
)
def test_odd_credentials_are_simply_wrong(accounts, name, password):
    accounts.add("anna", "sesame open")
    assert accounts.check(name, password) is None
    assert accounts.check("anna", password) is None


def test_a_long_password_is_not_taken_for_its_beginning(accounts):
    accounts.add("anna", "p" * 1024)
    assert accounts.check("anna", "p" * 1024)
    assert accounts.check("anna", "p" * 1025) is None
    with pytest.raises(WrongUse, match="1024"):
        accounts.passwd("anna", "p" * 1025)


def test_a_name_is_taken_once(accounts):
    accounts.add("anna", "sesame open")
    with pytest.raises(WrongUse, match="already"):
        accounts.add("ANNA", "other words")


def test_agents_are_listed_by_name_with_what_they_may(accounts):
    accounts.add("ben", "sesame open", role="admin")
    accounts.add("anna", "sesame open", mailboxes=("b@x", "a@x"))
    assert [(one.name, one.role, one.mailboxes) for one in accounts.list()] == [
        ("anna", "agent", ("a@x", "b@x")),
        ("ben", "admin", ()),
    ]
    assert accounts.mailboxes_of("Anna") == ("a@x", "b@x")
    assert accounts.mailboxes_of("ben") == ()
    assert accounts.mailboxes_of("nobody") is None
    assert accounts.agent("nobody") is None


def test_a_new_password_ends_the_old_one_and_its_sessions(accounts):
    accounts.add("anna", "sesame open")
    token = accounts.open_session("anna", 1, stamp=accounts.stamp("anna"))
    accounts.passwd("anna", "other words")
    assert accounts.session(token) is None
    assert accounts.check("anna", "sesame open") is None
    assert accounts.check("anna", "other words")


@pytest.mark.parametrize("shut_out", ["remove", "disable"])
def test_who_is_shut_out_is_out_at_once(accounts, shut_out):
    accounts.add("anna", "sesame open")
    token = accounts.open_session("anna", 1, stamp=accounts.stamp("anna"))
    getattr(accounts, shut_out)("anna")
    assert accounts.session(token) is None
    assert accounts.check("anna", "sesame open") is None


def test_who_was_disabled_may_be_let_in_again(accounts):
    accounts.add("anna", "sesame open")
    accounts.disable("anna")
    assert accounts.list()[0].disabled
    accounts.disable("anna", disabled=False)
    assert accounts.check("anna", "sesame open")


@pytest.mark.parametrize("change", ["remove", "disable"])
def test_a_change_to_nobody_is_an_error(accounts, change):
    with pytest.raises(WrongUse, match="no agent 'nobody'"):
        getattr(accounts, change)("nobody")
    with pytest.raises(WrongUse, match="no agent 'nobody'"):
        accounts.passwd("nobody", "long enough")


def test_a_session_lasts_until_its_hour_and_not_longer(accounts, clock):
    anna = accounts.add("anna", "sesame open")
    token = accounts.open_session("anna", 12, stamp=accounts.stamp("anna"))
    clock.at += timedelta(hours=12) - timedelta(seconds=1)
    assert accounts.session(token) == anna
    clock.at += timedelta(seconds=1)
    assert accounts.session(token) is None


def test_closing_one_session_leaves_the_other(accounts):
    accounts.add("anna", "sesame open")
    one, two = (
        accounts.open_session("anna", 1, stamp=accounts.stamp("anna")),
        accounts.open_session("anna", 1, stamp=accounts.stamp("anna")),
    )
    accounts.close_session(one)
    accounts.close_session("never was")
    assert accounts.session(one) is None
    assert accounts.session(two)


@pytest.mark.parametrize("token", ["", "x", "\x00", "\ud800", "x" * 99_999])
def test_a_guessed_token_opens_nothing(accounts, token):
    assert accounts.session(token) is None


def test_neither_password_nor_token_stands_in_the_database(accounts, url):
    accounts.add("anna", "sesame open")
    token = accounts.open_session("anna", 1, stamp=accounts.stamp("anna"))
    engine = connect(url, synchronous="FULL")
    with engine.connect() as conn:
        kept = str(
            conn.execute(text("SELECT * FROM agents")).all()
            + conn.execute(text("SELECT * FROM sessions")).all()
        )
    engine.dispose()
    assert "sesame" not in kept
    assert token not in kept
    assert "$argon2id$" in kept


def test_after_five_failures_a_peer_waits_and_others_do_not(accounts, clock):
    accounts.add("anna", "sesame open")
    for _ in range(5):
        assert accounts.check("anna", "guess", "192.0.2.1") is None
    assert accounts.check("anna", "sesame open", "192.0.2.1") is None
    assert accounts.check("anna", "sesame open", "192.0.2.2")
    assert accounts.check("anna", "sesame open")
    clock.at += timedelta(minutes=5)
    assert accounts.check("anna", "sesame open", "192.0.2.1")


def test_a_hash_of_weaker_times_is_made_anew_at_the_next_login(accounts, url, clock):
    accounts.add("anna", "sesame open")
    stronger = Accounts(url, clock, hasher=PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    assert stronger.check("anna", "sesame open")
    with stronger._store.read() as conn:
        assert "m=16,t=2" in conn.execute(text("SELECT password FROM agents")).scalar()
    assert stronger.check("anna", "sesame open")
    stronger.close()


def test_accounts_are_durable_and_found_again(accounts, url, clock):
    accounts.add("anna", "sesame open")
    again = Accounts(url, clock, hasher=CHEAP)
    assert again.check("anna", "sesame open")
    if url.startswith("sqlite"):
        with again._store.read() as conn:
            assert conn.execute(text("PRAGMA synchronous")).scalar() == 2
    again.close()


def test_accounts_of_a_newer_program_are_refused(accounts, url, clock):
    with accounts._store.write() as tx:
        tx.execute(text("UPDATE accounts_schema SET version = 99"))
    with pytest.raises(WrongUse, match="newer Docket"):
        Accounts(url, clock)


def test_two_logs_have_agents_of_their_own(accounts, url, clock):
    accounts.add("anna", "sesame open")
    other = Accounts(url, clock, log=1, hasher=CHEAP)
    assert other.list() == []
    other.add("anna", "other words")
    assert accounts.check("anna", "other words") is None
    other.close()


def test_an_app_password_opens_mail_clients_only_and_until_it_is_taken_back(accounts, clock):
    accounts.add("anna", "sesame open")
    accounts.add("bert", "other words")
    id_, password = accounts.make_app_password("Anna", "telephone")
    assert accounts.check("anna", password, client=True).name == "anna"
    assert accounts.check("anna", password) is None
    assert accounts.check("bert", password, client=True) is None
    assert accounts.check("nobody", password, client=True) is None
    assert accounts.check("anna", password + "x", client=True) is None
    (told,) = accounts.app_passwords_of("anna")
    assert (told.id, told.label, told.used_at) == (id_, "telephone", clock.now())
    with accounts._store.read() as conn:
        assert password not in str(conn.execute(text("SELECT * FROM app_passwords")).all())
    accounts.disable("anna")
    assert accounts.check("anna", password, client=True) is None
    accounts.disable("anna", disabled=False)
    accounts.revoke_app_password("anna", id_)
    assert accounts.check("anna", password, client=True) is None
    with pytest.raises(WrongUse, match="no app password"):
        accounts.revoke_app_password("anna", id_)
    with pytest.raises(WrongUse, match="no agent"):
        accounts.make_app_password("nobody", "")


def test_the_app_passwords_of_who_leaves_are_gone(accounts):
    accounts.add("anna", "sesame open")
    _, password = accounts.make_app_password("anna", "")
    accounts.remove("anna")
    accounts.add("anna", "new person")
    assert accounts.check("anna", password, client=True) is None


def test_accounts_of_the_first_version_are_taken_on(url, clock):
    first = Accounts(url, clock, hasher=CHEAP)
    first.add("anna", "sesame open")
    with first._store.write() as tx:
        tx.execute(text("DROP TABLE app_passwords"))
        tx.execute(text("UPDATE accounts_schema SET version = 1"))
    first.close()
    second = Accounts(url, clock, hasher=CHEAP)
    assert second.check("anna", "sesame open")
    assert second.check("anna", second.make_app_password("anna", "")[1], client=True)
    second.close()
