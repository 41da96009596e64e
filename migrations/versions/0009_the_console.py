"""Sessions of the console, the day on which a machine token was last used, an index of damaged files."""

import sqlalchemy as sa
from alembic import op

from migrations import online

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "console_sessions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("digest", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("token_series", sa.String(length=32, collation="C"), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("browser", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name=op.f("ck_console_sessions_digest")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_console_sessions_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_console_sessions")),
        sa.UniqueConstraint("digest", name=op.f("uq_console_sessions_digest")),
    )
    op.create_index("ix_console_sessions_user_id", "console_sessions", ["user_id", "created_at"])
    op.create_index(op.f("ix_console_sessions_expires_at"), "console_sessions", ["expires_at"])
    online.create_index(
        "ix_packages_damaged", "packages", ["id"], postgresql_where=sa.text("damaged_at IS NOT NULL")
    )
    op.add_column("tokens", sa.Column("last_used_on", sa.Date(), nullable=True))


def downgrade() -> None:
    online.drop_index("ix_packages_damaged")
    online.one_by_one(
        "DROP TABLE IF EXISTS console_sessions",
        "ALTER TABLE tokens DROP COLUMN IF EXISTS last_used_on",
    )
