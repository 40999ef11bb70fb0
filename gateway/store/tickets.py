"""Tickets given to mail clients, and void when what they were given for would open nothing any more. Safe in threads."""

from collections.abc import Collection

from sqlalchemy import bindparam, select

from gateway.store import app_passwords
from gateway.store.accounts import Accounts
from gateway.store.accounts_tables import agents, factors
from gateway.store.accounts_tables import app_passwords as kept
from gateway.store.agents import stamp_of
from gateway.store.engine import log_of
from gateway.ticket import Ticket

# Made once, since it is asked before every change that a mail client makes.
_LOGINS = (
    select(
        agents,
        kept.c.id.label("app_password"),
        select(factors.c.id)
        .where(factors.c.log == agents.c.log, factors.c.agent == agents.c.name, factors.c.kind != "recovery")
        .exists()
        .label("has_second"),
    )
    .join(kept, (kept.c.log == agents.c.log) & (kept.c.agent == agents.c.name), isouter=True)
    .where(agents.c.log == bindparam("log"), agents.c.name.in_(bindparam("names", expanding=True)))
)


class Tickets:
    """The accounts as the doors of mail clients ask them."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def give(self, name: str, password: str) -> Ticket | None:
        """Return a ticket to whom this name and password let in, else None."""
        agent = self._accounts.check(name, password, client=True)
        if agent is None:
            return None
        used = ""
        if password.startswith(app_passwords.PREFIX):
            with self._accounts.store.read() as conn:
                found = app_passwords.find(conn, agent.name, password)
            if found is None:  # taken back between the two looks
                return None
            used = found[0]
        return Ticket(agent=agent.name, stamp=agent.stamp, app_password=used)

    def void(self, tickets: Collection[Ticket]) -> set[Ticket]:
        """Return those that are good no more; however many there are, it is one question."""
        good = set[Ticket]()
        with self._accounts.store.read() as conn:
            asked = {"log": log_of(conn), "names": sorted({one.agent for one in tickets})}
            for row in conn.execute(_LOGINS, asked):
                stamp = stamp_of(row)
                if row.app_password is not None:
                    good.add(Ticket(agent=row.name, stamp=stamp, app_password=row.app_password))
                if (
                    not row.has_second
                ):  # mail clients are asked for none: the password alone opens nothing then
                    good.add(Ticket(agent=row.name, stamp=stamp))
        return set(tickets) - good
