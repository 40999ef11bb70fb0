"""The store's schema, step by step (Alembic). It ships inside the package: opening a store brings it up to date."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine, inspect, text

from gateway.errors import WrongUse

_PLACE = Path(__file__).parent
_HEAD = "0006"  # the newest step; a test holds it to the files, so that opening need not read them
_LOCK = 0x646F636B6574  # "docket": one process at a time migrates on PostgreSQL


def migrate(engine: Engine) -> None:
    """Bring a database to the newest schema; raises WrongUse when a newer Docket wrote it."""
    with engine.connect() as conn:
        if _version(conn) == _HEAD:
            return
    with engine.execution_options(docket_begin="BEGIN IMMEDIATE").begin() as conn:
        if engine.dialect.name == "postgresql":
            conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        try:
            command.upgrade(config_for(conn), "head")
        except CommandError as wrong:
            raise WrongUse(
                f"the store {engine.url} cannot be migrated ({wrong}); it may have been written by a newer Docket."
                " Delete it, and the next start builds it anew from the archive: nothing in it stands there alone"
            ) from wrong


def config_for(conn: Connection | None = None) -> Config:
    """Return Alembic's configuration for one open transaction."""
    config = Config()
    config.set_main_option("script_location", str(_PLACE).replace("%", "%%"))
    config.attributes["connection"] = conn
    return config


def head() -> str | None:
    """Return the newest step that stands in the files."""
    return ScriptDirectory.from_config(config_for()).get_current_head()


def _version(conn: Connection) -> str | None:
    if not inspect(conn).has_table("alembic_version"):
        return None
    version: str | None = conn.scalar(text("SELECT version_num FROM alembic_version"))
    return version
