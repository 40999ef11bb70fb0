"""By what right somebody changes what opens doors: the session they came with, and how their login stood then.

To hash the password that they give once more takes its time, and so does whatever else is under way. What happened to
their login meanwhile is seen in the very transaction that changes something, or it is not seen at all.
"""

from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from gateway.errors import LoginChanged
from gateway.store.accounts_tables import sessions
from gateway.store.agents import hold, stamp_of, token_hash
from gateway.store.engine import Store, log_of
from gateway.store.spelling import folded


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Whose right it is, the token of their session, and the stamp of their login."""

    name: str
    session: str = field(repr=False)
    stamp: str = field(repr=False)

    def held(self, store: Store) -> Store:
        """Return the accounts' database, where each transaction that writes raises LoginChanged unless this stands still."""
        return store.after(self._hold)

    def _hold(self, tx: Connection) -> None:
        hold_login(tx, self.name, self.stamp)
        open_ = select(sessions.c.token).where(
            sessions.c.log == log_of(tx),
            sessions.c.token == token_hash(self.session),
            sessions.c.agent == folded(self.name),
        )
        if tx.scalar(open_) is None:
            raise LoginChanged(f"the session of {self.name!r} has ended meanwhile")


def hold_login(tx: Connection, name: str, stamp: str) -> None:
    """Let nobody change a login until this transaction ends; raises LoginChanged where it has been since it had this stamp."""
    if not stamp or stamp != stamp_of(hold(tx, name)):
        raise LoginChanged(f"the login of {name!r} was changed meanwhile")
