"""Sessions that are open are looked at in rounds: all with one question, and only while there are any."""

import asyncio
import threading

import pytest

from gateway.door.standing import Standing
from gateway.errors import Temporary
from gateway.ticket import Ticket

ANNA, BEN = (Ticket(agent=name, stamp="as it was") for name in ("anna", "ben"))


def test_who_is_out_is_ended_and_the_others_stay():
    asked = []

    def void(tickets):
        asked.append(set(tickets))
        return {ANNA}

    async def run():
        standing, ended, stays = Standing(void, every_s=0.001), asyncio.Event(), []
        with (
            standing.watched(BEN, lambda: stays.append(BEN)),
            standing.watched(ANNA, ended.set),
            standing.watched(ANNA, lambda: None),
        ):
            await asyncio.wait_for(ended.wait(), 10)
        return stays

    assert asyncio.run(run()) == []
    assert asked[0] == {ANNA, BEN}


def test_nothing_is_asked_for_nobody_and_no_round_is_left_behind():
    async def run():
        standing = Standing(lambda _: (), every_s=3600)
        before = asyncio.all_tasks()
        for _ in range(2):
            with standing.watched(ANNA, lambda: None):
                rounds = asyncio.all_tasks() - before
                assert len(rounds) == 1
            await asyncio.wait(rounds)
        assert asyncio.all_tasks() == before

    asyncio.run(run())


def test_a_fault_of_ours_ends_nobody_and_the_next_round_looks_again():
    faults = [OSError("the disk"), OSError("the disk")]

    def void(tickets):
        if faults:
            raise faults.pop()
        return tickets

    async def run():
        ended = asyncio.Event()
        with Standing(void, every_s=0.001).watched(ANNA, ended.set):
            await asyncio.wait_for(ended.wait(), 10)

    asyncio.run(run())
    assert faults == []


def test_one_ticket_is_looked_at_beside_the_loop():
    def void(tickets):
        assert threading.current_thread() is not threading.main_thread()
        return [one for one in tickets if one == ANNA]

    async def run():
        standing = Standing(void)
        return [await standing.stands(one) for one in (ANNA, BEN)]

    assert asyncio.run(run()) == [False, True]


def test_a_ticket_that_cannot_be_looked_at_is_no_answer():
    def void(_tickets):
        raise OSError("the disk")

    with pytest.raises(Temporary, match="cannot be looked up"):
        asyncio.run(Standing(void).stands(ANNA))
