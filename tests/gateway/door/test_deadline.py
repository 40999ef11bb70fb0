"""Deadlines on a loop whose clock the test turns."""

import asyncio

import pytest
import uvloop

from gateway.door.deadline import Deadline


class Loop(asyncio.SelectorEventLoop):
    """A loop that never waits: when nothing is ready its clock leaps to the next timer."""

    leapt = 0.0

    def time(self) -> float:
        return self.leapt

    def _run_once(self):
        if not self._ready and self._scheduled:
            self.leapt = max(self.leapt, self._scheduled[0]._when)
        super()._run_once()


@pytest.fixture
def loop():
    made = Loop()
    yield made
    made.close()


def fired_at(loop, steps, lifetime_s=1000.0):
    """Return when the deadline fired; each step is a time and what is allowed then."""
    fired = loop.create_future()
    deadline = Deadline(loop, lifetime_s, lambda: fired.done() or fired.set_result(loop.time()))
    for at, call, seconds in steps:
        loop.call_at(at, getattr(deadline, call), seconds)
    try:
        return loop.run_until_complete(fired)
    finally:
        deadline.cancel()


TABLE = [
    ("as allowed", [(0, "allow", 10)], 10),
    ("moved away", [(0, "allow", 10), (8, "allow", 10), (15, "allow", 10)], 25),
    ("brought nearer", [(0, "allow", 100), (5, "allow", 1)], 6),
    ("never beyond the lifetime", [(0, "allow", 600), (500, "allow", 600)], 1000),
    ("but beyond it while we keep it waiting", [(0, "allow", 600), (590, "allow_beyond", 600)], 1190),
]


@pytest.mark.parametrize("steps, expected", [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_a_deadline_comes(loop, steps, expected):
    assert fired_at(loop, steps) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("make", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_a_deadline_that_is_over_already_may_be_set_again(make):
    loop = make()
    fired = loop.create_future()
    deadline = Deadline(loop, 1000.0, lambda: fired.done() or fired.set_result(loop.time()))
    try:
        deadline.allow(-1.0)  # a client so slow that its time was up before it was set
        deadline.allow(-0.5)
        assert loop.run_until_complete(asyncio.wait_for(fired, 10)) <= loop.time()
    finally:
        deadline.cancel()
        loop.close()
