"""What people said of tags."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_FOLDED = (
    "addresses",
    "attachments",
    "authenticity",
    "clocks",
    "dossiers",
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


def upgrade() -> None:
    # Old acts say which tags stay: the fold begins anew at entry 0.
    for name in _FOLDED:
        op.execute(sa.delete(sa.table(name)))
    op.create_table(
        "tag_verdicts",
        sa.Column("log", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("message", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("stays", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("log", "message", "tag"),
    )
