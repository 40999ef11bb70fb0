"""Who has seen a message: agents who opened it in their mail clients through Docket, and auditors, each of whose looks is an entry."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, Text, cast, select

from gateway.store import tables
from gateway.store.engine import log_of

_events = tables.events.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Seer:
    """One person, where they looked, when first, and the entry that says so."""

    who: str
    where: Literal["client", "page"]
    at: datetime
    seq: int


def seers_of(conn: Connection, message: int) -> list[Seer]:
    """Return who has seen a message, each once for either place, the first look first."""
    path = f"/message/{message}"
    opened = select(tables.events).where(
        _events.log == log_of(conn), _events.type == "imap", _events.of == message, _events.agent != ""
    )
    looked = select(tables.events).where(
        _events.log == log_of(conn),
        _events.type == "view",
        cast(_events.summary, Text).contains(path, autoescape=True),
    )
    found: dict[tuple[str, str], Seer] = {}
    for row in (*conn.execute(opened.order_by(_events.seq)), *conn.execute(looked.order_by(_events.seq))):
        said = row.summary
        where: Literal["client", "page"] = "client" if row.type == "imap" else "page"
        if where == "client" and not _has_opened(said):
            continue
        if where == "page" and not _is_at(str(said.get("path", "")), path):
            continue
        found.setdefault((row.agent, where), Seer(who=row.agent, where=where, at=row.at, seq=row.seq))
    return sorted(found.values(), key=lambda one: one.seq)


def _has_opened(said: dict[str, object]) -> bool:
    what = str(said.get("what", "")).lower()
    return said.get("did") == "opened" or (
        said.get("did") == "flagged" and "\\seen" in what and not what.startswith("-")
    )


def _is_at(asked: str, path: str) -> bool:
    return asked.startswith(path) and asked[len(path) : len(path) + 1] in {"", "?", "/"}
