"""Wrapping entries' keys anew under the newest key-encryption key, so that an older one opens nothing any more."""

from collections.abc import Callable

from sqlalchemy import Engine, bindparam, func, select, update

from gateway.archive.destruction import ERASED, compact
from gateway.archive.faults import Damaged
from gateway.archive.keys import Wrapper
from gateway.archive.tables import keys
from gateway.errors import WrongUse

_PUT = (
    update(keys)
    .where(keys.c.log == bindparam("of"), keys.c.id == bindparam("one"), keys.c.kek == bindparam("old"))
    .values(kek=bindparam("new"), wrapped=bindparam("again"))
)


def count_wrapped(keyring: Engine, log: int) -> dict[str, int]:
    """Return how many entries' keys each key-encryption key wraps, by its id."""
    counted = select(keys.c.kek, func.count()).where(keys.c.log == log, keys.c.kek != ERASED)
    with keyring.connect() as conn:
        return {row[0]: row[1] for row in conn.execute(counted.group_by(keys.c.kek))}


def rewrap(
    keyring: Engine, log: int, wrapper: Wrapper, progress: Callable[[int], object], *, batch: int = 2000
) -> int:
    """Wrap all that another key than the newest wraps; return how many. Nobody else may use the keys meanwhile.

    Each row says under which key it is wrapped, and rows change in transactions of their own: wherever this stops, all are
    readable by both keys together, and doing it again does the rest. Raises WrongUse, before anything is changed, for a
    key that is not given, and Damaged for a row that does not open; rows before that are done.
    """
    if missing := sorted(count_wrapped(keyring, log).keys() - wrapper.names):
        raise WrongUse(
            f"entries' keys are wrapped under {', '.join(missing)}, which is not given; add it before the newest"
        )
    old = keys.c.log == log, keys.c.kek.not_in([ERASED, wrapper.current])
    after, done = "", 0
    while True:
        some = select(keys.c.id, keys.c.kek, keys.c.wrapped).where(*old, keys.c.id > after)
        with keyring.execution_options(docket_begin="BEGIN IMMEDIATE").begin() as conn:
            rows = conn.execute(some.order_by(keys.c.id).limit(batch)).all()
            if not rows:
                break
            conn.execute(_PUT, [_again(log, wrapper, *row) for row in rows])
        after, done = rows[-1].id, done + len(rows)
        progress(done)
    compact(keyring)  # what the old key wrapped must not linger in free pages
    return done


def _again(log: int, wrapper: Wrapper, id_: str, kek: str, wrapped: bytes) -> dict[str, object]:
    try:
        dek = wrapper.unwrap(kek, wrapped, id_)
    except Damaged as wrong:
        raise Damaged(
            f"the key of the entry with id {id_}: {wrong.what}; put back a whole copy of the keys"
        ) from wrong
    return {"of": log, "one": id_, "old": kek, "new": wrapper.current, "again": wrapper.wrap(dek, id_)}
