"""App passwords: 128 random bits each for one mail client, so that a lost telephone is shut out alone.

What nobody can guess needs no slow hash, and a mail client that opens five connections need not wait for five: an HMAC
under a random key beside it is kept, so that who reads the file can log in with nothing of it.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from gateway.store.accounts_tables import app_passwords
from gateway.store.engine import log_of

PREFIX = "docket-"
_BYTES = 16
_NOTICED = timedelta(hours=1)  # how exactly it is noted when one was last used
_columns = app_passwords.c


@dataclass(frozen=True, slots=True, kw_only=True)
class AppPassword:
    """What may be told of one: never the password itself."""

    id: str
    label: str
    made_at: datetime
    used_at: datetime | None


def make(tx: Connection, agent: str, label: str, now: datetime) -> tuple[str, str]:
    """Return the id and the password of a new one, which is shown once and kept nowhere."""
    id_, password, key = secrets.token_hex(4), PREFIX + secrets.token_urlsafe(_BYTES), secrets.token_hex(16)
    row = {
        "log": log_of(tx),
        "agent": agent,
        "id": id_,
        "label": label,
        "key": key,
        "mac": _mac(key, password),
        "made_at": now,
    }
    tx.execute(insert(app_passwords), row)
    return id_, password


def find(conn: Connection, agent: str, password: str) -> tuple[str, datetime | None] | None:
    """Return which of an agent's it is and when it was last used, or None; as long whichever of them it is."""
    chosen = select(app_passwords).where(_columns.log == log_of(conn), _columns.agent == agent)
    found = None
    for row in conn.execute(chosen).all():
        if hmac.compare_digest(row.mac, _mac(row.key, password)):
            found = row.id, row.used_at
    return found


def is_stale(used_at: datetime | None, now: datetime) -> bool:
    return used_at is None or now - used_at > _NOTICED


def note_use(tx: Connection, agent: str, id_: str, now: datetime) -> None:
    tx.execute(update(app_passwords).where(*_its(tx, agent, id_)).values(used_at=now))


def all_of(conn: Connection, agent: str) -> list[AppPassword]:
    """Return an agent's, the oldest first."""
    chosen = select(app_passwords).where(_columns.log == log_of(conn), _columns.agent == agent)
    return [
        AppPassword(id=row.id, label=row.label, made_at=row.made_at, used_at=row.used_at)
        for row in conn.execute(chosen.order_by(_columns.made_at, _columns.id))
    ]


def revoke(tx: Connection, agent: str, id_: str = "") -> int:
    """Take one back, or all of an agent's; return how many there were."""
    which = _its(tx, agent, id_) if id_ else (_columns.log == log_of(tx), _columns.agent == agent)
    return int(tx.execute(delete(app_passwords).where(*which)).rowcount)


def _its(tx: Connection, agent: str, id_: str) -> tuple[ColumnElement[bool], ...]:
    return (_columns.log == log_of(tx), _columns.agent == agent, _columns.id == id_)


def _mac(key: str, password: str) -> str:
    return hmac.new(bytes.fromhex(key), password.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
