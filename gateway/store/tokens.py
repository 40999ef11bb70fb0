"""Tokens of the HTTP API: 192 random bits each for one program, with what it may do and which mailboxes it sees.

A token acts in the name of the agent it was made for, and never sees more than that agent does. Like an app password
it is shown once, and an HMAC of it under a random key is kept.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from gateway.clock import Clock
from gateway.errors import WrongUse
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from gateway.store.accounts_tables import agents, tokens
from gateway.store.agents import hold, must_exist
from gateway.store.engine import Store, log_of
from gateway.store.spelling import folded
from gateway.store.standing import Standing
from gateway.tongue import marked

PREFIX = "docket-api"
SCOPES = {
    "read": marked("search, and read messages, orders and entries"),
    "act": marked("write notes, tags and links, stop clocks, change dossiers"),
    "file": marked("add files and parcels to dossiers"),
    "export": marked("take evidence packs, reports and claim answers"),
    "send": marked("release and drop held messages, and what waits in the outbox"),
}
_BYTES = 24
_NOTICED = timedelta(minutes=5)  # how exactly it is noted when one was last used
_columns = tokens.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What may be told of one: never the token itself. No ``mailboxes`` means all that its agent has."""

    id: str
    agent: str
    label: str
    scopes: tuple[str, ...]
    mailboxes: tuple[str, ...]
    made_at: datetime
    expires_at: datetime | None
    used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """Who calls with a token; ``mailboxes`` are those that both token and agent have, None is every one."""

    token: Token
    role: str
    mailboxes: frozenset[str] | None

    def sees(self, mailbox: str) -> bool:
        return self.mailboxes is None or mailbox in self.mailboxes


class Tokens:
    """The tokens in the accounts' database. Safe in threads."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def by(self, standing: Standing) -> "Tokens":
        """Return these tokens, changed only while somebody's login stands still; else each change raises LoginChanged."""
        return Tokens(standing.held(self._store), self._clock)

    def make(
        self,
        agent: str,
        label: str,
        scopes: Iterable[str],
        mailboxes: Iterable[str] = (),
        days: int = 0,
        *,
        record: Callable[[Token], object] = lambda _: None,
    ) -> tuple[Token, str]:
        """Return a new token and its text, which is kept nowhere; raises WrongUse for an agent or a scope that is none.

        It is not made where ``record``, which puts it on record first, raises anything.
        """
        wanted, boxes = sorted(set(scopes)), sorted({box.lower() for box in mailboxes})
        if not wanted or (strange := set(wanted) - SCOPES.keys()):
            named = f"{min(strange)!r} is no scope; " if wanted else ""
            raise WrongUse(f"{named}say what it may do: {', '.join(SCOPES)}")
        now = self._clock.now()
        id_, key = secrets.token_hex(4), secrets.token_hex(16)
        text = f"{PREFIX}-{id_}-{secrets.token_urlsafe(_BYTES)}"
        row: dict[str, Any] = {
            "id": id_,
            "agent": folded(agent),
            "label": label[:200],
            "scopes": wanted,
            "mailboxes": boxes,
            "made_at": now,
            "expires_at": now + timedelta(days=days) if days else None,
            "used_at": None,
        }
        with self._store.write() as tx:
            must_exist(int(hold(tx, agent) is not None), agent)
            tx.execute(insert(tokens), {"log": log_of(tx), "key": key, "mac": _mac(key, text), **row})
            made = Token(**row | {"scopes": tuple(wanted), "mailboxes": tuple(boxes)})
            record(made)
        return made, text

    def bearer(self, text: str) -> Bearer | None:
        """Return who calls with a token, None for one that opens nothing."""
        id_ = text.removeprefix(f"{PREFIX}-")[:8]
        now = self._clock.now()
        with self._store.read() as conn:
            row = conn.execute(
                select(tokens, agents.c.mailboxes.label("held"), agents.c.role)
                .join(agents, (agents.c.log == _columns.log) & (agents.c.name == _columns.agent))
                .where(_columns.log == log_of(conn), _columns.id == id_, agents.c.disabled.is_(False))
            ).first()
        right = hmac.compare_digest(row.mac if row else "", _mac(row.key if row else "00", text))
        if row is None or not right or (row.expires_at is not None and row.expires_at <= now):
            return None
        if row.used_at is None or now - row.used_at > _NOTICED:
            with self._store.write() as tx:
                its = (_columns.log == log_of(tx), _columns.id == id_)
                tx.execute(update(tokens).where(*its).values(used_at=now))
        return Bearer(token=_token(row), role=row.role, mailboxes=_seen(row.mailboxes, row.held))

    def list(self, agent: str = "") -> list[Token]:
        """Return all tokens, or an agent's, the oldest first."""
        with self._store.read() as conn:
            chosen = select(tokens).where(_columns.log == log_of(conn))
            if agent:
                chosen = chosen.where(_columns.agent == folded(agent))
            return [_token(row) for row in conn.execute(chosen.order_by(_columns.made_at, _columns.id))]

    def revoke(
        self, id_: str, agent: str = "", *, record: Callable[[Token], object] = lambda _: None
    ) -> Token:
        """Take one back, where ``agent`` is given only theirs, once it is on ``record``; raises WrongUse where there is no such one."""
        with self._store.write() as tx:
            which = [_columns.log == log_of(tx), _columns.id == id_]
            if agent:
                which.append(_columns.agent == agent)
            row = tx.execute(select(tokens).where(*which)).first()
            if row is None:
                raise WrongUse(f"there is no token {id_!r}; to see them all: docket token list")
            tx.execute(delete(tokens).where(*which))
            gone = _token(row)
            record(gone)
        return gone


def issue(
    tokens: Tokens,
    append: Callable[[Draft], object],
    agent: str,
    label: str,
    scopes: Iterable[str],
    mailboxes: Iterable[str] = (),
    *,
    days: int = 0,
    by: str,
    source: str,
    standing: Standing | None = None,
) -> tuple[Token, str]:
    """Make a token that is on record, where a ``standing`` is given by that alone. Raises WrongUse."""
    maker = tokens if standing is None else tokens.by(standing)
    return maker.make(
        agent, label, scopes, mailboxes, days, record=lambda made: append(_draft("made", made, by, source))
    )


def withdraw(
    tokens: Tokens, append: Callable[[Draft], object], id_: str, *, agent: str = "", by: str, source: str
) -> Token:
    """Take a token back and record that; raises WrongUse where there is no such one of the agent's."""
    return tokens.revoke(id_, agent, record=lambda gone: append(_draft("revoked", gone, by, source)))


def _draft(did: str, token: Token, by: str, source: str) -> Draft:
    payload = {
        "did": did,
        "token": token.id,
        "label": token.label,
        "for": token.agent,
        "scopes": token.scopes,
        "mailboxes": token.mailboxes,
        "agent": by,
    }
    return Draft(type="token", payload=canonical(payload), meta={"source": source})


def revoke_all(tx: Connection, agent: str) -> None:
    """Take back all of an agent who leaves."""
    tx.execute(delete(tokens).where(_columns.log == log_of(tx), _columns.agent == agent))


def _seen(wanted: list[str], held: list[str]) -> frozenset[str] | None:
    if not wanted or not held:
        return frozenset(wanted or held) or None
    return frozenset(wanted) & frozenset(held)


def _token(row: Row[Any]) -> Token:
    return Token(
        id=row.id,
        agent=row.agent,
        label=row.label,
        scopes=tuple(row.scopes),
        mailboxes=tuple(row.mailboxes),
        made_at=row.made_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
    )


def _mac(key: str, text: str) -> str:
    return hmac.new(bytes.fromhex(key), text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
