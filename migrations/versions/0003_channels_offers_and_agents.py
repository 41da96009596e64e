"""Channels, the offers' version, and agents."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations import online

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NOTE_CHANGE = """
CREATE FUNCTION note_offer_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    step bigint := 1 + floor(random() * 4294967296)::bigint;
BEGIN
    UPDATE offer_versions SET value = value + step
    WHERE id = (SELECT id FROM offer_versions LIMIT 1 FOR UPDATE SKIP LOCKED);
    IF NOT FOUND THEN
        INSERT INTO offer_versions (value) VALUES (step);
    END IF;
    RETURN NULL;
END
$$
"""

TRIGGERS = {
    "packages": "INSERT OR DELETE OR TRUNCATE OR UPDATE OF is_active",
    "channels": "INSERT OR UPDATE OR DELETE OR TRUNCATE",
}


def upgrade() -> None:
    create_offers()
    create_channels()
    create_agents()
    op.execute(NOTE_CHANGE)
    for table, events in TRIGGERS.items():
        op.execute(
            f"CREATE TRIGGER note_offer_change AFTER {events} ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION note_offer_change()"
        )


def create_offers() -> None:
    op.create_table(
        "offer_versions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer_versions")),
    )


def create_channels() -> None:
    op.create_table(
        "channels",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=100, collation="C"), nullable=False),
        sa.Column("description", sa.String(length=10000), server_default="", nullable=False),
        sa.Column("match", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("jsonb_typeof(match) = 'object'", name=op.f("ck_channels_match")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channels")),
        sa.UniqueConstraint("name", name=op.f("uq_channels_name")),
    )
    op.create_table(
        "channel_packages",
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("version", sa.String(length=50, collation="C"), nullable=False),
        sa.Column("type", sa.String(length=9), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint("type IN ('top_level', 'addon')", name=op.f("ck_channel_packages_type")),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name=op.f("fk_channel_packages_channel_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("channel_id", "name", name=op.f("pk_channel_packages")),
    )
    op.create_index("ix_channel_packages_pin", "channel_packages", ["name", "version"])


def create_agents() -> None:
    op.create_table(
        "agents",
        sa.Column("instance_uid", postgresql.UUID(), nullable=False),
        sa.Column("attributes", postgresql.JSONB(), nullable=False),
        sa.Column("health", postgresql.JSONB(), nullable=True),
        sa.Column("platform", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("arch", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("channel", sa.String(length=100, collation="C"), nullable=True),
        sa.PrimaryKeyConstraint("instance_uid", name=op.f("pk_agents")),
    )
    for column in ("channel", "platform", "arch"):
        op.create_index(f"ix_agents_{column}", "agents", [column, "instance_uid"])
    op.create_table(
        "agent_polls",
        sa.Column("instance_uid", postgresql.UUID(), nullable=False),
        sa.Column("sequence_num", sa.BigInteger(), nullable=True),
        sa.Column("last_seen", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("capabilities", sa.BigInteger(), nullable=False),
        sa.Column("disconnected", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("answer", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("offered_hash", sa.LargeBinary(), nullable=True),
        sa.Column("delivered", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("unanswered", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("asked", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("settled_version", sa.BigInteger(), nullable=True),
        sa.Column("wake_at", sa.DateTime(timezone=True), nullable=True),
        belongs_to_agent("agent_polls"),
        sa.PrimaryKeyConstraint("instance_uid", name=op.f("pk_agent_polls")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_table(
        "agent_packages",
        sa.Column("instance_uid", postgresql.UUID(), nullable=False),
        sa.Column("name", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("version", sa.String(length=255, collation="C"), nullable=True),
        sa.Column("has_hash", sa.LargeBinary(), nullable=True),
        sa.Column("status", sa.String(length=11), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("offered_version", sa.String(length=255, collation="C"), nullable=True),
        sa.Column("offered_hash", sa.LargeBinary(), nullable=True),
        sa.Column("failures", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "status IN ('installed', 'installing', 'downloading', 'failed', 'pending')",
            name=op.f("ck_agent_packages_status"),
        ),
        belongs_to_agent("agent_packages"),
        sa.PrimaryKeyConstraint("instance_uid", "name", name=op.f("pk_agent_packages")),
    )
    op.create_index("ix_agent_packages_name", "agent_packages", ["name", "version", "instance_uid"])
    op.create_index("ix_agent_packages_version", "agent_packages", ["version", "instance_uid"])
    op.create_index("ix_agent_packages_installed", "agent_packages", ["has_hash"])
    op.create_index("ix_agent_packages_offered", "agent_packages", ["offered_hash", "status"])


def belongs_to_agent(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_instance_uid")
    return sa.ForeignKeyConstraint(["instance_uid"], ["agents.instance_uid"], name=name, ondelete="CASCADE")


def downgrade() -> None:
    tables = ("agent_packages", "agent_polls", "agents", "channel_packages", "channels", "offer_versions")
    online.one_by_one(
        *(f"DROP TRIGGER IF EXISTS note_offer_change ON {table}" for table in TRIGGERS),
        "DROP FUNCTION IF EXISTS note_offer_change()",
        *(f"DROP TABLE IF EXISTS {table}" for table in tables),
    )
