"""What the archive's tables hold of entries: their rows, wrapped keys and ciphertexts, each asked for in bulk."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import BigInteger, Connection, Integer, bindparam, func, select

from gateway.archive.tables import blobs, entries, keys, logs

BATCH = 256
_BATCH_BYTES = 16 << 20
Rows = Sequence[Any]  # of Row: seq, id, type, at, leaf, size of the blob

_LOG = bindparam("in_log", type_=Integer)
_SEQS = bindparam("seqs", type_=BigInteger, expanding=True)
# made once: making a statement costs more than running it
_HEAD = select(logs.c.size, logs.c.checkpoint).where(logs.c.log == _LOG)
_ROWS = (
    # a Row has a method of the name t
    select(
        entries.c.seq,
        entries.c.id,
        entries.c.type,
        entries.c.t.label("at"),
        entries.c.leaf,
        func.length(blobs.c.blob).label("size"),
    )
    .outerjoin(blobs, (blobs.c.log == entries.c.log) & (blobs.c.seq == entries.c.seq))
    .where(entries.c.log == _LOG)
    .order_by(entries.c.seq)
)
_BETWEEN = _ROWS.where(entries.c.seq >= bindparam("start"), entries.c.seq < bindparam("stop"))
_BETWEEN_OF = _BETWEEN.where(entries.c.type.in_(bindparam("types", expanding=True))).limit(BATCH)
_AT = _ROWS.where(entries.c.seq.in_(_SEQS))
_WRAPPED = select(keys.c.id, keys.c.kek, keys.c.wrapped).where(
    keys.c.log == _LOG, keys.c.id.in_(bindparam("ids", expanding=True))
)
_BLOBS = select(blobs.c.seq, blobs.c.blob).where(blobs.c.log == _LOG, blobs.c.seq.in_(_SEQS))


def head_of(conn: Connection, log: int) -> tuple[int, str] | None:
    """Return a log's size and its signed checkpoint."""
    row = conn.execute(_HEAD, {"in_log": log}).one_or_none()
    return None if row is None else (row[0], row[1])


def rows_between(
    conn: Connection, log: int, start: int, stop: int, types: Collection[str] | None = None
) -> Rows:
    """Return entries' rows from ``start`` up to ``stop``; with ``types`` the first ``BATCH`` of those types."""
    where = {"in_log": log, "start": start, "stop": stop}
    if types is not None:
        return conn.execute(_BETWEEN_OF, {**where, "types": list(types)}).all()
    return conn.execute(_BETWEEN, where).all()


def rows_at(conn: Connection, log: int, seqs: Collection[int]) -> Rows:
    """Return the rows of some entries, as far as they are there."""
    return conn.execute(_AT, {"in_log": log, "seqs": list(seqs)}).all()


def wrapped_keys(conn: Connection, log: int, ids: Sequence[str]) -> dict[str, tuple[str, bytes]]:
    """Return the wrapped keys of entries, each with the name of its key-encryption key."""
    rows = conn.execute(_WRAPPED, {"in_log": log, "ids": list(ids)})
    return {id_: (kek, wrapped) for id_, kek, wrapped in rows}


def blobs_of(conn: Connection, log: int, seqs: Sequence[int]) -> dict[int, bytes]:
    """Return the ciphertexts of entries."""
    return {row[0]: row[1] for row in conn.execute(_BLOBS, {"in_log": log, "seqs": list(seqs)})}


def runs_of(rows: Rows) -> Iterator[Rows]:
    """Cut rows where their blobs together would take too much memory."""
    begin = total = 0
    for at, row in enumerate(rows):
        size = row.size if isinstance(row.size, int) else 0
        total += size
        if total > _BATCH_BYTES and at > begin:
            yield rows[begin:at]
            begin, total = at, size
    if begin < len(rows):
        yield rows[begin:]
