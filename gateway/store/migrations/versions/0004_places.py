"""Where fetched messages lie in IMAP accounts."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
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
    "refs",
    "reported",
    "reported_days",
    "reported_parcels",
    "reviews",
    "tags",
    "ties",
    "verdicts",
)


def upgrade() -> None:
    # Old entries say where fetched messages lie: the fold begins anew at entry 0 and fills the table.
    for name in _FOLDED:
        op.execute(sa.delete(sa.table(name)))
    op.create_table(
        "places",
        sa.Column("log", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("by", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("message", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("uid", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("log", "by"),
    )
    op.create_index("places_by_message", "places", ["log", "message"], unique=False)
    op.create_index("places_by_uid", "places", ["log", "place", "uidvalidity", "uid"], unique=False)
