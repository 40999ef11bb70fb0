"""The store's schema, step by step (Alembic). It ships inside the package: opening a store brings it up to date."""

from sqlalchemy import Connection, Engine, inspect, text

_HEAD = "0009"  # the newest step; a test holds it to the files, so that opening need not read them
_LOCK = 0x646F636B6574  # "docket": one process at a time migrates on PostgreSQL


def migrate(engine: Engine) -> None:
    """Bring a database to the newest schema; raises WrongUse when a newer Docket wrote it."""
    with engine.connect() as conn:
        if _version(conn) == _HEAD:
            return
    # Not before it is needed: Alembic takes a tenth of a second to load.
    from gateway.store.migrations.steps import go_up

    with engine.execution_options(docket_begin="BEGIN IMMEDIATE").begin() as conn:
        if engine.dialect.name == "postgresql":
            conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        go_up(conn)


def _version(conn: Connection) -> str | None:
    if not inspect(conn).has_table("alembic_version"):
        return None
    version: str | None = conn.scalar(text("SELECT version_num FROM alembic_version"))
    return version
