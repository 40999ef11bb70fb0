"""Making an archive: its keys, its tables, and an empty log under a name that it keeps."""

from pathlib import Path

from sqlalchemy import insert, inspect, select
from sqlalchemy.exc import DBAPIError

from gateway.archive import tables
from gateway.archive.checkpoint import Checkpoint, is_name
from gateway.archive.database import connect, refuse_one_file
from gateway.archive.faults import meaning_of
from gateway.archive.kek import KEK_FILE, KekSource
from gateway.archive.keys import make_secrets
from gateway.archive.tree import EMPTY_ROOT
from gateway.clock import Clock
from gateway.errors import WrongUse


def create_archive(
    archive_url: str,
    keys_url: str,
    secrets: Path,
    origin: str,
    clock: Clock,
    *,
    log: int = 0,
    keks: KekSource = KEK_FILE,
) -> None:
    """Make keys, tables and an empty log that is named ``origin`` for ever. Raises WrongUse where one stands already."""
    del (
        clock
    )  # an empty log states no time; who makes one has a clock at hand, and later formats may state it
    if not is_name(origin):
        raise WrongUse(f"{origin!r} cannot name a log: it must not be empty nor hold spaces or plus signs")
    refuse_one_file(archive_url, keys_url)
    archive, keys = connect(archive_url, create=True), connect(keys_url, create=True)
    try:
        for engine, table in ((archive, tables.logs), (keys, tables.keyrings)):
            if inspect(engine).has_table(table.name):
                with engine.connect() as conn:
                    if conn.execute(select(table.c.log).where(table.c.log == log)).first() is not None:
                        raise WrongUse(f"there is an archive already at {engine.url.render_as_string()}")
        made = make_secrets(secrets, origin, keks)
        empty = Checkpoint(origin=origin, size=0, root=EMPTY_ROOT)
        with keys.begin() as conn:
            tables.keyring.create_all(conn)
            conn.execute(insert(tables.keyrings).values(log=log, format=tables.FORMAT, origin=origin))
        with archive.begin() as conn:
            tables.archive.create_all(conn)
            conn.execute(
                insert(tables.logs).values(
                    log=log,
                    format=tables.FORMAT,
                    origin=origin,
                    size=0,
                    checkpoint=made.signer.sign(empty.text()),
                )
            )
    except DBAPIError as wrong:
        raise meaning_of(wrong) from wrong
    finally:
        archive.dispose()
        keys.dispose()
