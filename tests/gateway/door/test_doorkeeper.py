"""The doorkeeper: passwords checked a few at a time, and our own faults held against nobody."""

import asyncio
import threading

import pytest

from gateway.door.doorkeeper import Doorkeeper, Login, TurnedAway, login_of
from gateway.door.limits import Limits
from gateway.door.names import Names
from gateway.store.spelling import folded
from gateway.ticket import Ticket


def ticket(name):
    return Ticket(agent=name, stamp="as it was")


def refusals(doorkeeper, *logins):
    async def ask(login):
        try:
            return (await doorkeeper.admit("192.0.2.1", login)).agent
        except TurnedAway as away:
            return "later" if away.temporary else "wrong"

    async def ask_all():
        return await asyncio.gather(*(ask(login) for login in logins))

    return asyncio.run(ask_all())


def test_guesses_made_at_the_same_time_count_like_guesses_made_in_turn():
    doorkeeper = Doorkeeper(lambda _name, _password: None, Limits(login_failures_per_name=3))
    answers = refusals(doorkeeper, *(Login("anna", str(number)) for number in range(10)))
    assert sorted(answers) == ["later"] * 7 + ["wrong"] * 3


SPELLINGS = ["jos\u00e9", "JOS\u00c9", " jos\u00e9", "jos\u00e9\u00a0", "jose\u0301", "\u3000Jose\u0301 "]


def test_however_a_name_is_spelled_its_guesses_are_counted_together():
    names = Names(folded=folded)
    doorkeeper = Doorkeeper(lambda _name, _password: None, Limits(login_failures_per_name=3), names)
    answers = refusals(doorkeeper, *(Login(name, "x") for name in SPELLINGS))
    assert sorted(answers) == ["later"] * 3 + ["wrong"] * 3


def test_a_name_of_many_characters_is_counted_under_its_beginning():
    doorkeeper = Doorkeeper(lambda _name, _password: None, Limits(login_failures_per_name=1))
    answers = refusals(doorkeeper, *(Login("x" * length, "x") for length in (5000, 60_000)))
    assert sorted(answers) == ["later", "wrong"]


def test_only_so_many_passwords_are_checked_at_once():
    lock, running, most = threading.Lock(), [0], [0]
    both = threading.Barrier(2)

    def check(name, _password):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        both.wait(10)
        with lock:
            running[0] -= 1
        return ticket(name)

    answers = refusals(Doorkeeper(check, Limits(password_checks=2)), *(Login("anna", "x") for _ in range(6)))
    assert answers == ["anna"] * 6
    assert most == [2]


def test_a_fault_of_ours_is_no_failed_login():
    broken = [True, True, True]

    def check(name, _password):
        if broken:
            broken.pop()
            raise RuntimeError("accounts.db is locked")
        return ticket(name)

    doorkeeper = Doorkeeper(check, Limits(login_failures_per_name=1))
    assert [refusals(doorkeeper, Login("anna", "x"))[0] for _ in range(4)] == ["later"] * 3 + ["anna"]


def test_a_password_is_not_shown():
    assert "secret" not in repr(Login("anna", "secret"))


@pytest.mark.parametrize("name", ["anna", "ANNA"])
def test_the_name_is_the_one_the_accounts_know(name):
    doorkeeper = Doorkeeper(lambda given, _password: ticket(given.lower()), Limits())
    assert refusals(doorkeeper, Login(name, "x")) == ["anna"]


@pytest.mark.parametrize("answer", [b"", b"anna\0x", b"\0anna\0x\0y", b"\0\xff\0x"])
def test_what_is_no_plain_answer_is_none(answer):
    assert login_of(answer) is None


def test_nobody_acts_for_another():
    assert login_of(b"anna\0anna\0x") == Login("anna", "x")
    with pytest.raises(TurnedAway, match="another name"):
        login_of(b"boss\0anna\0x")
