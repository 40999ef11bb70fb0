"""Entries found by type and by whose they are."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_ACTED = sa.text("agent != ''")


def upgrade() -> None:
    op.create_index("events_by_type", "events", ["log", "type", "seq"])
    op.create_index(
        "events_by_agent",
        "events",
        ["log", "agent", "seq"],
        sqlite_where=_ACTED,
        postgresql_where=_ACTED,
    )
