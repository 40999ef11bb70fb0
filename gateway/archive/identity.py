"""Whether two databases are those of one log, and of one age, before anything is read from them or written to them."""

from sqlalchemy import Engine, Table, func, inspect, select

from gateway.archive import tables
from gateway.archive.destruction import ERASED
from gateway.archive.faults import reading
from gateway.archive.keys import Wrapper
from gateway.errors import WrongUse

_NEWEST = 100  # entries that are looked at; some may be erased


def check_identity(archive: Engine, keyring: Engine, log: int, origin: str) -> None:
    """Raise WrongUse unless both databases speak of the log ``origin``, and the keys are no older than the entries."""
    _check_format(archive, tables.logs, log, origin)
    _check_format(keyring, tables.keyrings, log, origin)
    with reading():
        if not _newest_key_is_there(archive, keyring, log):
            raise WrongUse(
                f"{keyring.url.render_as_string()} lacks the key of the newest entry: it is an older copy than the archive;"
                " put the newer one back"
            )


def check_wrapping(archive: Engine, keyring: Engine, log: int, wrapper: Wrapper, source: str) -> None:
    """Raise WrongUse unless the newest entry's key is wrapped under a key we have (an id is a hash of it): a wrong one wraps nothing."""
    newest = select(tables.entries.c.id).where(tables.entries.c.log == log)
    with reading():
        with archive.connect() as conn:
            ids = list(conn.scalars(newest.order_by(tables.entries.c.seq.desc()).limit(_NEWEST)))
        kept = select(tables.keys.c.kek).where(
            tables.keys.c.log == log, tables.keys.c.id.in_(ids), tables.keys.c.kek != ERASED
        )
        with keyring.connect() as conn:
            kek = conn.scalar(kept.order_by(tables.keys.c.id.desc()).limit(1))
    if kek is not None and kek not in wrapper.names:
        raise WrongUse(
            f"{source} gives the wrong key: the archive's keys are wrapped under {kek}, and it gives {', '.join(wrapper.names)};"
            " put the right one back, and new ones behind it"
        )


def _check_format(engine: Engine, table: Table, log: int, origin: str) -> None:
    """Raise WrongUse unless ``table`` of this database speaks of the log ``origin``, in a format that we know."""
    where = engine.url.render_as_string()
    with reading():
        if not inspect(engine).has_table(table.name):
            raise WrongUse(f"{where} is empty: put back a copy of it, or name the right database")
        with engine.connect() as conn:
            row = conn.execute(select(table.c.format, table.c.origin).where(table.c.log == log)).one_or_none()
    if row is None:
        raise WrongUse(f"there is no log {log} at {where}")
    if row[0] != tables.FORMAT:
        raise WrongUse(f"{where} is an archive of format {row[0]}; this program knows format {tables.FORMAT}")
    if row[1] != origin:
        raise WrongUse(
            f"{where} is the log {row[1]!r}, but the key in the secrets folder is that of {origin!r}"
        )


def _newest_key_is_there(archive: Engine, keyring: Engine, log: int) -> bool:
    """Say whether the newest entry's key has a row: an older copy of the keys lacks it."""
    last = select(func.max(tables.entries.c.seq)).where(tables.entries.c.log == log).scalar_subquery()
    with archive.connect() as conn:
        id_ = conn.scalar(
            select(tables.entries.c.id).where(tables.entries.c.log == log, tables.entries.c.seq == last)
        )
    with keyring.connect() as conn:
        there = conn.scalar(select(func.count()).where(tables.keys.c.log == log, tables.keys.c.id == id_))
    return id_ is None or bool(there)
