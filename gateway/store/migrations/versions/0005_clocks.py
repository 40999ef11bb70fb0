"""Clocks: what runs, what stops it, and what people said of it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_FOLDED = (
    "addresses",
    "attachments",
    "authenticity",
    "events",
    "finds",
    "jobs",
    "links",
    "messages",
    "places",
    "refs",
    "reported",
    "reported_days",
    "reported_parcels",
    "reviews",
    "tags",
    "ties",
    "verdicts",
)


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=nullable)


def _log() -> sa.Column[int]:
    return sa.Column("log", sa.Integer(), autoincrement=False, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def upgrade() -> None:
    # Old entries say which answers were accepted: the fold begins anew at entry 0.
    for name in _FOLDED:
        op.execute(sa.delete(sa.table(name)))
    op.create_table(
        "clocks",
        _log(),
        _number("message"),
        _text("name"),
        _number("by"),
        _text("kind"),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        _text("said"),
        _number("stopped_by", nullable=True),
        sa.Column("stopped_at", sa.BigInteger(), nullable=True),
        _text("how"),
        sa.PrimaryKeyConstraint("log", "message", "name"),
    )
    op.create_index("clocks_by_due", "clocks", ["log", "stopped_by", "due_at", "message"], unique=False)
    op.create_table(
        "turns",
        _log(),
        _number("message"),
        _text("role"),
        _number("accepted_by", nullable=True),
        sa.Column("accepted_at", sa.BigInteger(), nullable=True),
        _text("recipients"),
        _number("voids", nullable=True),
        sa.PrimaryKeyConstraint("log", "message"),
    )
    op.create_index("turns_by_voids", "turns", ["log", "voids"], unique=False)
    op.create_table(
        "marks",
        _log(),
        _number("by"),
        _number("message", nullable=True),
        _text("marketplace"),
        _text("value"),
        _text("clock"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        _number("undone_by", nullable=True),
        sa.PrimaryKeyConstraint("log", "by"),
    )
    op.create_index("marks_by_message", "marks", ["log", "message"], unique=False)
    op.create_index("marks_by_order", "marks", ["log", "marketplace", "value"], unique=False)
