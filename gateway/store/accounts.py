"""Who may log in. Durable, unlike the store beside it: nothing else knows these things, so it is backed up with keys.db.

Names and passwords are compared as RFC 8265 says (NFC, and names in lower case), so that an accent typed on another
system is the same accent.
"""

import secrets
from collections.abc import Callable, Iterable
from copy import copy
from datetime import timedelta
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import Connection, Row, delete, insert, select
from sqlalchemy.exc import IntegrityError

from gateway.clock import Clock
from gateway.errors import WrongUse
from gateway.store import app_passwords, factors, identities, invitations, searches, tokens
from gateway.store.accounts_tables import agents, open_accounts, sessions
from gateway.store.agents import (
    Agent,
    Role,
    agent_of,
    change,
    end_sessions,
    find,
    hold,
    must_exist,
    name_to_log_in_with,
    stamp_of,
    token_hash,
)
from gateway.store.app_passwords import AppPassword
from gateway.store.engine import Store, log_of
from gateway.store.failures import Failures
from gateway.store.passwords import NONE, Passwords
from gateway.store.sessions import begin, whose
from gateway.store.spelling import folded
from gateway.store.standing import Standing, hold_login


class Accounts:
    """The accounts database. Safe in threads; checking a password takes tens of milliseconds on purpose."""

    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        log: int = 0,
        hasher: PasswordHasher | None = None,
        passwords: bool = True,
    ) -> None:
        """Open it; without ``passwords`` none opens anything, and mail clients have app passwords alone."""
        self._store = open_accounts(url, log=log)
        self._clock = clock
        self._open_to_passwords = passwords
        self._passwords = Passwords(hasher or PasswordHasher())
        self._failures = Failures(clock)

    def by(self, standing: Standing) -> "Accounts":
        """Return these accounts, changed only while somebody's login stands still; else each change raises LoginChanged."""
        one: Accounts = copy(self)
        one._store = standing.held(self._store)
        return one

    def recorded(self, record: Callable[[], object]) -> "Accounts":
        """Return these accounts, of which nothing is changed that ``record`` does not put on record first."""
        one: Accounts = copy(self)
        one._store = self._store.before(record)
        return one

    def add(
        self,
        name: str,
        password: str | None,
        *,
        full_name: str = "",
        mailboxes: Iterable[str] = (),
        role: Role = "agent",
    ) -> Agent:
        """Add an agent, without a password where it is None; raises WrongUse for a name that is taken or cannot be typed."""
        name = name_to_log_in_with(name)
        boxes = tuple(sorted({box.lower() for box in mailboxes}))
        row = {
            "name": name,
            "full_name": full_name,
            "mailboxes": boxes,
            "role": role,
            "password": NONE if password is None else self._passwords.hash(password),
            "disabled": False,
            "made_at": self._clock.now(),
        }
        try:
            with self._store.write() as tx:
                tx.execute(insert(agents), {"log": log_of(tx), **row})
        except IntegrityError as wrong:
            raise WrongUse(
                f"there is an agent {name!r} already; to change the password: docket agent passwd"
            ) from wrong
        return Agent(name=name, full_name=full_name, mailboxes=boxes, role=role, disabled=False)

    def list(self) -> list[Agent]:
        """Return every agent, by name."""
        with self._store.read() as conn:
            rows = conn.execute(select(agents).where(agents.c.log == log_of(conn)).order_by(agents.c.name))
            return [agent_of(row) for row in rows]

    def agent(self, name: str) -> Agent | None:
        """Return one agent, or None where there is no such name."""
        with self._store.read() as conn:
            row = find(conn, name)
        return None if row is None else agent_of(row)

    def mailboxes_of(self, name: str) -> tuple[str, ...] | None:
        """Return the mailboxes an agent is held to; empty means every one, and None that there is no such agent, who has none."""
        found = self.agent(name)
        return None if found is None else found.mailboxes

    def passwd(self, name: str, password: str) -> str:
        """Set a new password, end the agent's sessions and void their invitation; return the stamp that they have by it.

        Raises WrongUse for a name that is not there.
        """
        hashed = self._passwords.hash(password)
        with self._store.write() as tx:
            _change(tx, name, password=hashed)
            invitations.withdraw(tx, folded(name))
            return stamp_of(find(tx, name))

    def invite(self, name: str, days: float) -> str:
        """Return a code with which an agent sets their password; the one they had is void, and so are their sessions.

        Raises WrongUse for a name that is not there.
        """
        with self._store.write() as tx:
            _change(tx, name, password=NONE)
            return invitations.invite(tx, folded(name), self._clock.now(), days)

    def join(self, code: str, password: str) -> Agent | None:
        """Use an invitation up by setting a password; None for a code that is not good. Raises WrongUse for the password."""
        hashed = self._passwords.hash(password)
        with self._store.write() as tx:
            name = invitations.whose(tx, code, self._clock.now())
            row = hold(tx, name) if name is not None else None
            if row is None or row.disabled:  # who was shut out has to be let in first
                return None
            if invitations.take(tx, code, self._clock.now()) is None:
                return None
            change(tx, row.name, password=hashed)
            joined = find(tx, row.name)
        return None if joined is None else agent_of(joined)

    def invited(self, code: str) -> str:
        """Return whom an invitation is for, "" where it is not good."""
        with self._store.read() as conn:
            return invitations.whose(conn, code, self._clock.now()) or ""

    def disable(self, name: str, *, disabled: bool = True) -> None:
        """Shut an agent out, ending their sessions, or let them in again; raises WrongUse for an unknown name."""
        with self._store.write() as tx:
            _change(tx, name, disabled=disabled)

    def assign(self, name: str, *, role: Role, mailboxes: Iterable[str]) -> None:
        """Set what an agent may and which mailboxes they have, ending their sessions; raises WrongUse for an unknown name."""
        with self._store.write() as tx:
            _change(tx, name, role=role, mailboxes=tuple(sorted({box.lower() for box in mailboxes})))

    def remove(self, name: str) -> None:
        """Remove an agent and their sessions; raises WrongUse for a name that is not there."""
        with self._store.write() as tx:
            must_exist(int(hold(tx, name) is not None), name)
            end_sessions(tx, name)
            app_passwords.revoke(tx, folded(name))
            tokens.revoke_all(tx, folded(name))
            searches.remove_all(tx, folded(name))
            invitations.withdraw(tx, folded(name))
            factors.clear(tx, folded(name))
            identities.unbind(tx, folded(name))
            tx.execute(delete(agents).where(agents.c.log == log_of(tx), agents.c.name == folded(name)))

    def check(self, name: str, password: str, peer: str = "", *, client: bool = False) -> Agent | None:
        """Return the agent whose password this is, else None: alike for a wrong password, an unknown or a disabled name.

        Given a ``peer``, its failures for a name are counted, and after a few it gets None for a while whatever it
        sends. A door with a throttle of its own leaves ``peer`` out. To a mail ``client`` an app password opens, too.
        """
        if peer and self._failures.too_many(folded(name), peer):
            return None
        with self._store.read() as conn:
            row = find(conn, name)
        if client and password.startswith(app_passwords.PREFIX):
            return self._by_app_password(row, password)
        if not self._open_to_passwords or (client and row is not None and self._has_second(row)):
            row = None  # mail clients ask for no second step: who has one gives them app passwords
        right = self._passwords.match(None if row is None else row.password, password)
        if not right or row is None or row.disabled:
            if peer:
                self._failures.count(folded(name), peer)
            return None
        if self._passwords.is_weak(row.password):
            stronger = self._passwords.hash(password)
            with self._store.write() as tx:
                change(tx, name, was=row.password, password=stronger)
            return self.check(name, password, peer, client=client)  # it opens as it is kept by now
        return agent_of(row)

    def _has_second(self, row: Row[Any]) -> bool:
        with self._store.read() as conn:
            return factors.has_any(conn, row.name)

    def _by_app_password(self, row: Row[Any] | None, password: str) -> Agent | None:
        now = self._clock.now()
        with self._store.read() as conn:
            found = app_passwords.find(conn, row.name, password) if row is not None else None
        if row is None or found is None or row.disabled:
            return None
        if app_passwords.is_stale(found[1], now):
            with self._store.write() as tx:
                app_passwords.note_use(tx, row.name, found[0], now)
        return agent_of(row)

    def make_app_password(
        self, name: str, label: str, *, record: Callable[[str], object] = lambda _: None
    ) -> tuple[str, str]:
        """Return the id and the password of a new app password, once ``record`` has put the id on record.

        Raises WrongUse for a name that is not there.
        """
        with self._store.write() as tx:
            must_exist(int(hold(tx, name) is not None), name)
            id_, password = app_passwords.make(tx, folded(name), label, self._clock.now())
            record(id_)
        return id_, password

    def app_passwords_of(self, name: str) -> tuple[AppPassword, ...]:
        """Return what may be told of an agent's app passwords."""
        with self._store.read() as conn:
            return tuple(app_passwords.all_of(conn, folded(name)))

    def revoke_app_password(self, name: str, id_: str) -> None:
        """Take an app password back; raises WrongUse where there is no such one."""
        with self._store.write() as tx:
            if not app_passwords.revoke(tx, folded(name), id_):
                raise WrongUse(
                    f"{name!r} has no app password {id_!r}; to see them: docket agent app-passwords {name}"
                )

    def stamp(self, name: str) -> str:
        """Return what changes whenever somebody's password or rights do; "" for a name that is not there."""
        with self._store.read() as conn:
            return stamp_of(find(conn, name))

    def open_session(self, name: str, hours: float, *, stamp: str, peer: str = "", client: str = "") -> str:
        """Start a session and return its token, of which only a hash is kept; ``peer`` and ``client`` say where it began.

        ``stamp`` is how the login stood when somebody showed that it is theirs; raises LoginChanged where it does no more.
        """
        token = secrets.token_urlsafe(32)
        now = self._clock.now()
        with self._store.write() as tx:
            hold_login(tx, name, stamp)
            until = now + timedelta(hours=hours)
            begin(tx, token_hash(token), folded(name), now, until, peer, client)
        return token

    def session(self, token: str) -> Agent | None:
        """Return whose session a token opens, or None when it has ended or never was."""
        with self._store.read() as conn:
            row = whose(conn, token_hash(token), self._clock.now())
        return None if row is None else agent_of(row)

    def close_session(self, token: str) -> None:
        """End one session; a token that opens none is fine."""
        with self._store.write() as tx:
            tx.execute(
                delete(sessions).where(sessions.c.log == log_of(tx), sessions.c.token == token_hash(token))
            )

    @property
    def store(self) -> Store:
        """The database itself, for what else is kept in it."""
        return self._store

    def close(self) -> None:
        self._store.close()


def _change(tx: Connection, name: str, **values: Any) -> None:
    """Change an agent and end their sessions; held first, so that none is begun meanwhile. Raises WrongUse for an unknown name."""
    must_exist(int(hold(tx, name) is not None), name)
    end_sessions(tx, name)
    change(tx, name, **values)
