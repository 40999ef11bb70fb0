"""Where each job goes."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Jobs from before have no lane: they only count as under way to nowhere.
    op.add_column("jobs", sa.Column("lane", sa.Text(), nullable=False, server_default=""))
