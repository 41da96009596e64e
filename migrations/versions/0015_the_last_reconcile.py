"""When reconcile last ran, and what it did."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "last_reconcile",
        sa.Column("is_only", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("given_up", sa.BigInteger(), nullable=False),
        sa.Column("deleted", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("is_only", name=op.f("ck_last_reconcile_is_only")),
        sa.PrimaryKeyConstraint("is_only", name=op.f("pk_last_reconcile")),
    )


def downgrade() -> None:
    op.drop_table("last_reconcile")
