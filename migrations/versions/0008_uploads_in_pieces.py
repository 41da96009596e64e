"""Uploads in pieces, and the ledger's state of what is stored of them."""

import sqlalchemy as sa
from alembic import op

from migrations import online

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

CHECK = "ck_objects_state"
STATES = "'writing', 'partial', 'live', 'doomed', 'deleted'"


def upgrade() -> None:
    allow_states(STATES)
    create_uploads()


def create_uploads() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(length=32, collation="C"), nullable=False),
        sa.Column("owner", sa.String(length=30, collation="C"), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("version", sa.String(length=50, collation="C"), nullable=False),
        sa.Column("platform", sa.String(length=20, collation="C"), nullable=False),
        sa.Column("arch", sa.String(length=20, collation="C"), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("content_type", sa.String(length=255), nullable=False),
        sa.Column("description", sa.String(length=10000), nullable=False),
        sa.Column("checksum", sa.String(length=64), nullable=True),
        sa.Column("metadata", sa.Text(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("offset", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("hash_state", sa.LargeBinary(), nullable=True),
        sa.Column("hash_format", sa.String(length=30), nullable=False),
        sa.Column("received_checksum", sa.String(length=64), nullable=True),
        sa.Column("object_key", sa.String(length=64, collation="C"), nullable=True),
        sa.Column("part_size", sa.BigInteger(), nullable=False),
        sa.Column("tail_key", sa.String(length=64, collation="C"), nullable=True),
        sa.Column("tail_fingerprint", sa.String(length=255), nullable=True),
        sa.Column("epoch", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("state", sa.String(length=6), server_default="open", nullable=False),
        sa.Column("package_id", sa.BigInteger(), nullable=True),
        sa.Column("is_new", sa.Boolean(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("touched_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('open', 'done', 'failed')", name=op.f("ck_uploads_state")),
        sa.CheckConstraint(
            "\"offset\" >= 0 AND (\"offset\" < length OR state <> 'open')", name=op.f("ck_uploads_offset")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
    )
    is_open = sa.text("state = 'open'")
    op.create_index("ix_uploads_owner", "uploads", ["owner", "created_at", "id"], postgresql_where=is_open)
    op.create_index("ix_uploads_open", "uploads", ["created_at", "id"], postgresql_where=is_open)
    op.create_index("ix_uploads_expires_at", "uploads", ["expires_at"])
    op.create_table(
        "upload_parts",
        sa.Column("upload_id", sa.String(length=32, collation="C"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("etag", sa.String(length=255), nullable=False),
        sa.Column("crc32c", sa.String(length=8), nullable=False),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["uploads.id"], name=op.f("fk_upload_parts_upload_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("upload_id", "number", name=op.f("pk_upload_parts")),
    )


def allow_states(states: str) -> None:
    online.one_by_one(
        f"ALTER TABLE objects DROP CONSTRAINT IF EXISTS {CHECK}_new",
        f"ALTER TABLE objects ADD CONSTRAINT {CHECK}_new CHECK (state IN ({states})) NOT VALID",
        f"ALTER TABLE objects VALIDATE CONSTRAINT {CHECK}_new",
        f"ALTER TABLE objects DROP CONSTRAINT IF EXISTS {CHECK}",
        f"ALTER TABLE objects RENAME CONSTRAINT {CHECK}_new TO {CHECK}",
    )


def downgrade() -> None:
    online.one_by_one(
        "UPDATE objects SET state = 'doomed', changed_at = now() WHERE state = 'partial'",
        "DROP TABLE IF EXISTS upload_parts",
        "DROP TABLE IF EXISTS uploads",
    )
    allow_states(STATES.replace("'partial', ", ""))
