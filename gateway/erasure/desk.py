"""Where erasures are asked for, agreed to and ordered, and what may go by time is shown: the settings beside the deeds."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.erasure.deed import Eraser
from gateway.erasure.plan import Plan, Target
from gateway.erasure.requests import (
    Policy,
    Request,
    approve,
    ask,
    carry_out,
    open_requests,
    person_named,
    request_of,
    withdraw,
)
from gateway.erasure.retention import Group, Period, due_by
from gateway.errors import WrongUse
from rules.facts import OrderRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One installation's. ``clean`` has the worker finish what was ordered: keys, store, index, files, certificate."""

    eraser: Eraser
    policy: Policy
    periods: Mapping[str, Period]
    default: str
    is_ours: Callable[[str], bool]
    clean: Callable[[], object]

    def preview(self, whom: str | OrderRef, keep: Collection[int] = ()) -> Plan:
        """Return what would go with a person, by their address, or with an order; changes nothing."""
        target = person_named(whom, is_ours=self.is_ours) if isinstance(whom, str) else Target(order=whom)
        return self.eraser.plan(target, keep)

    def waiting(self) -> list[tuple[Request, str]]:
        """Return the erasures that are asked for, each with what it waits for; "" where it may be done."""
        now = self.eraser.clock.now()
        return [(one, one.lacks(self.policy, now)) for one in open_requests(self.eraser.archive)]

    def ask(self, plan: Plan, *, reason: str, ground: str, agent: str) -> int:
        if not reason.strip():
            raise WrongUse("say why, in words that name nobody: they stay, and are shown")
        return ask(self.eraser.archive, plan, reason=reason.strip(), ground=ground, agent=agent)

    def approve(self, seq: int, agent: str) -> int:
        return approve(self.eraser.archive, seq, agent=agent)

    def withdraw(self, seq: int, agent: str) -> int:
        return withdraw(self.eraser.archive, seq, agent=agent)

    def order(self, seq: int) -> int:
        """Order an erasure that is due and have it done; return its entry. Raises WrongUse while it waits for something."""
        request = request_of(self.eraser.archive, seq)
        if lacks := request.lacks(self.policy, self.eraser.clock.now()):
            raise WrongUse(f"erasure {seq} waits for {lacks}")
        by = carry_out(self.eraser, request)
        self.clean()
        return by

    def due(self, until: datetime) -> list[Group]:
        """Return what has been kept for as long as its class wants by then; raises WrongUse where no period is set."""
        if not self.periods:
            raise WrongUse("no retention period is set: see [retention] in config.example.toml")
        with self.eraser.store.read() as conn:
            return list(due_by(conn, self.periods, self.default, until))
