"""What people said of links, what waits for review, what ties messages together, and what order reports tell."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
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
    "tags",
)


def upgrade() -> None:
    # The new tables say what old entries mean: the fold begins anew at entry 0 and fills them.
    for name in _FOLDED:
        op.execute(sa.delete(sa.table(name)))
    op.add_column("links", sa.Column("via", sa.BigInteger(), autoincrement=False, nullable=True))
    op.add_column("links", sa.Column("doubt", sa.Text(), nullable=False, server_default=""))
    op.create_index("links_by_via", "links", ["log", "via", "message"], unique=False)
    op.create_index("finds_by_value", "finds", ["log", "value", "message"], unique=False)
    op.create_table(
        "verdicts",
        sa.Column("log", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("message", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("marketplace", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("belongs", sa.Boolean(), nullable=False),
        sa.Column("by", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("log", "message", "marketplace", "value"),
    )
    op.create_table(
        "reviews",
        sa.Column("log", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("message", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("mailbox", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("log", "message"),
    )
    op.create_index(
        "reviews_by_mailbox", "reviews", ["log", "mailbox", "occurred_at", "message"], unique=False
    )
    op.create_index("reviews_by_time", "reviews", ["log", "occurred_at", "message"], unique=False)
    op.create_table(
        "ties",
        sa.Column("log", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("message", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("log", "message", "place"),
    )
    op.create_index("ties_by_value", "ties", ["log", "value", "message"], unique=False)
    op.create_table(
        "reported",
        sa.Column("log", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("by", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("marketplace", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("bare", sa.Text(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("placed_at", sa.BigInteger(), nullable=True),
        sa.Column("products", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("log", "by", "place"),
    )
    op.create_index("reported_by_alias", "reported", ["log", "alias", "by"], unique=False)
    op.create_index("reported_by_bare", "reported", ["log", "bare", "by"], unique=False)
    op.create_index("reported_by_order", "reported", ["log", "marketplace", "value", "by"], unique=False)
    op.create_table(
        "reported_parcels",
        sa.Column("log", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("by", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("marketplace", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("bare", sa.Text(), nullable=False),
        sa.Column("shipped_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("log", "by", "place"),
    )
    op.create_index("reported_parcels_by_number", "reported_parcels", ["log", "bare", "by"], unique=False)
    op.create_index(
        "reported_parcels_by_order", "reported_parcels", ["log", "marketplace", "value", "by"], unique=False
    )
    op.create_table(
        "reported_days",
        sa.Column("log", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("by", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("marketplace", sa.Text(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("log", "by", "place"),
    )
    op.create_index(
        "reported_days_by_marketplace",
        "reported_days",
        ["log", "marketplace", "first_at", "last_at", "by"],
        unique=False,
    )
