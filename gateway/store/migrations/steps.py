"""Alembic at work on the store: the steps that stand in the files, and going up them."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection

from gateway.errors import WrongUse

_PLACE = Path(__file__).parent


def go_up(conn: Connection) -> None:
    """Take every step that a database lacks, in its open transaction; raises WrongUse when a newer Docket wrote it."""
    try:
        command.upgrade(config_for(conn), "head")
    except CommandError as wrong:
        raise WrongUse(
            f"the store {conn.engine.url} cannot be migrated ({wrong}); it may have been written by a newer Docket."
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
