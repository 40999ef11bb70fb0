"""What people log in with beside passwords: codes that count once, secrets that lie sealed, and what is left when all is lost."""

from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from sqlalchemy import select

from gateway.clock import FixedClock
from gateway.errors import WrongUse
from gateway.store.accounts import Accounts
from gateway.store.accounts_tables import factors as table
from gateway.store.attempts import Attempts
from gateway.store.factor_key import factor_key
from gateway.store.factors import Factors, clear
from gateway.store.wrong_codes import wrong_codes
from tests.gateway.store.test_accounts import CHEAP

KEY = b"k" * 32


@pytest.fixture
def clock():
    return FixedClock(datetime(2026, 3, 1, 12, 0, 10, tzinfo=UTC))


@pytest.fixture
def accounts(url, clock):
    accounts = Accounts(url, clock, hasher=CHEAP)
    accounts.add("anna", "sesame open")
    yield accounts
    accounts.close()


@pytest.fixture
def factors(accounts, clock):
    return Factors(accounts.store, clock, KEY)


def code_at(secret, clock, seconds=0):
    return pyotp.TOTP(secret).at(clock.at + timedelta(seconds=seconds))


def test_a_code_counts_in_its_half_minute_and_the_ones_beside_it_once(factors, clock):
    secret = pyotp.random_base32()
    assert not factors.set_app("anna", secret, "000000" if code_at(secret, clock) != "000000" else "111111")
    assert not factors.of("anna").any
    assert factors.set_app("Anna ", secret, code_at(secret, clock))
    assert factors.check_code("anna", code_at(secret, clock)) == "wrong"  # it has set it up, and is spent
    assert factors.check_code("anna", code_at(secret, clock, 90)) == "wrong"
    assert factors.check_code("anna", code_at(secret, clock, 30)) == "app"
    assert factors.check_code("anna", code_at(secret, clock, 30)) == "wrong"
    assert factors.check_code("anna", code_at(secret, clock)) == "wrong", (
        "an older step than one that was seen"
    )
    clock.at += timedelta(minutes=5)
    code = code_at(secret, clock)
    assert factors.check_code("ben", code) == "wrong"
    assert factors.check_code("anna", f" {code[:3]} {code[3:]} ") == "app"


@pytest.mark.parametrize("code", ["", "12345", "1234567", "١٢٣٤٥٦", "abcdef", "\ud800", "0" * 100_000])
def test_what_is_no_code_is_simply_wrong(factors, clock, code):
    secret = pyotp.random_base32()
    assert factors.set_app("anna", secret, code_at(secret, clock))
    assert factors.check_code("anna", code) == "wrong"


def test_an_app_s_codes_are_tried_fifty_times_a_day_by_who_knows_the_password(factors, accounts, clock):
    secret = pyotp.random_base32()
    assert factors.set_app("anna", secret, code_at(secret, clock))
    codes = factors.new_codes("anna")
    clock.at += timedelta(minutes=1)
    assert factors.check_code("anna", code_at(secret, clock)) == "app"
    assert [factors.check_code("anna", "no code") for _ in range(51)] == ["wrong"] * 49 + ["last", "shut"]
    clock.at += timedelta(hours=23)
    assert factors.check_code("anna", code_at(secret, clock)) == "shut"
    assert factors.check_code("anna", codes[0]) == "recovery"
    assert factors.check_code("ben", "no code") == "wrong", "who has no app has nothing to guess"
    clock.at += timedelta(hours=1)
    assert factors.check_code("anna", code_at(secret, clock)) == "app"


@pytest.mark.parametrize(
    "help_",
    [
        lambda factors, accounts, secret, clock: accounts.invite("anna", 7),
        lambda factors, accounts, secret, clock: factors.set_app("anna", secret, code_at(secret, clock, -30)),
    ],
    ids=["invited", "set up anew"],
)
def test_an_app_that_is_shut_opens_once_somebody_has_helped(factors, accounts, clock, help_):
    secret = pyotp.random_base32()
    assert factors.set_app("anna", secret, code_at(secret, clock))
    clock.at += timedelta(minutes=1)
    for _ in range(50):
        factors.check_code("anna", "no code")
    assert factors.check_code("anna", code_at(secret, clock)) == "shut"
    help_(factors, accounts, secret, clock)
    assert factors.check_code("anna", code_at(secret, clock)) == "app"


def test_what_an_admin_clears_is_cleared_with_the_count_of_wrong_codes(factors, accounts, clock):
    secret = pyotp.random_base32()
    assert factors.set_app("anna", secret, code_at(secret, clock))
    for _ in range(50):
        factors.check_code("anna", "no code")
    with accounts.store.write() as tx:
        clear(tx, "anna")
        assert wrong_codes(tx, "anna", clock.now()) == 0


def test_recovery_codes_open_once_each_and_new_ones_void_the_old(factors):
    first = factors.new_codes("anna")
    assert len(set(first)) == 10
    assert factors.check_code("anna", first[0].upper().replace("-", " ")) == "recovery"
    assert factors.check_code("anna", first[0]) == "wrong"
    assert factors.check_code("ben", first[1]) == "wrong"
    assert factors.of("anna").codes == 9
    second = factors.new_codes("anna")
    assert factors.check_code("anna", first[1]) == "wrong"
    assert factors.check_code("anna", second[1]) == "recovery"


def test_nothing_in_the_file_logs_anybody_in(factors, accounts, clock):
    secret = pyotp.random_base32()
    factors.set_app("anna", secret, code_at(secret, clock))
    codes = factors.new_codes("anna")
    with accounts.store.read() as conn:
        kept = str(conn.execute(select(table)).all())
    assert secret not in kept
    assert not any(code in kept or code.replace("-", "") in kept for code in codes)
    other = Factors(accounts.store, clock, b"x" * 32)
    clock.at += timedelta(minutes=1)
    assert other.check_code("anna", code_at(secret, clock)) == "wrong"
    assert other.check_code("anna", codes[0]) == "recovery", "another key loses the app alone"


def test_a_passkey_is_known_by_what_it_calls_itself_and_belongs_to_one(factors):
    id_ = factors.add_passkey("anna", "ring", b"credential", b"public", 3)
    found = factors.passkey(b"credential")
    assert (found.id, found.agent, found.key, found.count) == (id_, "anna", b"public", 3)
    assert factors.passkey(b"other") is None
    with pytest.raises(WrongUse):
        factors.add_passkey("ben", "stolen", b"credential", b"public", 3)
    assert factors.used(found, 9)
    assert factors.passkey(b"credential").count == 9
    assert not factors.used(found, 9), "another one has come with this count"
    assert not factors.used(found, 0)
    factors.add_passkey("anna", "counts nothing", b"other credential", b"public", 0)
    assert all(factors.used(factors.passkey(b"other credential"), 0) for _ in range(2))
    factors.remove("anna", factors.passkey(b"other credential").id)
    factors.new_codes("anna")
    with pytest.raises(WrongUse):
        factors.remove("ben", id_)
    assert factors.remove("anna", id_) == "passkey"
    assert factors.of("anna").codes == 0, "codes for nothing are gone with it"


def test_who_is_removed_leaves_nothing_to_whoever_gets_their_name(factors, accounts, clock):
    secret = pyotp.random_base32()
    factors.set_app("anna", secret, code_at(secret, clock))
    factors.add_passkey("anna", "ring", b"credential", b"public", 3)
    code = accounts.invite("anna", 7)
    accounts.remove("anna")
    accounts.add("anna", "another anna")
    assert not factors.of("anna").any
    assert factors.passkey(b"credential") is None
    assert accounts.join(code, "stolen words here") is None


def test_an_invitation_is_good_once_and_for_so_long_and_voids_the_password(accounts, clock):
    first = accounts.invite("anna", 7)
    assert accounts.check("anna", "sesame open") is None
    assert accounts.check("anna", "!") is None
    second = accounts.invite("anna", 7)
    assert accounts.join(first, "of another kind") is None
    assert accounts.join(f" {second}\n", "of another kind").name == "anna"
    assert accounts.join(second, "once more then") is None
    assert accounts.check("anna", "of another kind")
    third = accounts.invite("anna", 7)
    clock.at += timedelta(days=8)
    assert accounts.join(third, "late words here") is None


def test_where_passwords_are_shut_only_app_passwords_open_mail_clients(url, clock, accounts):
    _, app = accounts.make_app_password("anna", "")
    shut = Accounts(url, clock, hasher=CHEAP, passwords=False)
    assert shut.check("anna", "sesame open") is None
    assert shut.check("anna", "sesame open", client=True) is None
    assert shut.check("anna", app, client=True)
    shut.close()


def test_an_attempt_is_answered_once_in_its_kind_and_in_time(accounts, clock):
    attempts = Attempts(accounts.store, clock)
    token = attempts.begin("second", {"agent": "anna"})
    assert attempts.take("passkey", token) is None
    assert attempts.take("second", token) == {"agent": "anna"}
    assert attempts.take("second", token) is None
    late = attempts.begin("second", {})
    clock.at += timedelta(minutes=11)
    assert attempts.take("second", late) is None
    assert attempts.take("second", "\ud800") is None


def test_what_is_looked_at_stays_and_is_good_no_longer_for_it(accounts, clock):
    attempts = Attempts(accounts.store, clock)
    token = attempts.begin("second", {"agent": "anna"})
    about, until = attempts.look("second", token)
    assert (about, until) == ({"agent": "anna"}, clock.now() + timedelta(minutes=10))
    assert attempts.look("passkey", token) is None
    clock.at += timedelta(minutes=9)
    late = attempts.begin("passkey", {}, until)
    assert attempts.take("second", token)
    clock.at += timedelta(minutes=2)
    assert attempts.take("passkey", late) is None


def test_the_key_of_a_secrets_folder_is_made_once(tmp_path):
    key = factor_key(tmp_path)
    assert factor_key(tmp_path) == key
    assert (tmp_path / "factors.key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "factors.key").write_bytes(b"short")
    with pytest.raises(WrongUse, match="put back a copy"):
        factor_key(tmp_path)
