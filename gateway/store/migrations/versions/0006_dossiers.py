"""How orders' dossiers stand."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_FOLDED = (
    "addresses",
    "attachments",
    "authenticity",
    "clocks",
    "events",
    "finds",
    "jobs",
    "links",
    "marks",
    "messages",
    "places",
    "refs",
    "reported",
    "reported_days",
    "reported_parcels",
    "reviews",
    "tags",
    "ties",
    "turns",
    "verdicts",
)


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=nullable)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def upgrade() -> None:
    # Old decisions say which dossiers are held: the fold begins anew at entry 0.
    for name in _FOLDED:
        op.execute(sa.delete(sa.table(name)))
    op.create_table(
        "dossiers",
        sa.Column("log", sa.Integer(), autoincrement=False, nullable=False),
        _text("marketplace"),
        _text("value"),
        _text("state"),
        _text("owner"),
        _number("by"),
        _number("held_by", nullable=True),
        _text("held_why"),
        sa.PrimaryKeyConstraint("log", "marketplace", "value"),
    )
