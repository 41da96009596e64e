"""Staged roll-outs: editions of channels, roll-outs, the places of agents in them, and what happened."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations import online

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

IS_OPEN = "state IN ('pending', 'running', 'paused')"
TABLES = ("rollout_events", "rollout_agents", "rollouts", "channel_drift", "editions")


def upgrade() -> None:
    create_editions()
    create_rollouts()
    create_places()
    create_events()
    op.execute(
        "CREATE TRIGGER note_offer_change AFTER UPDATE OF is_open ON rollouts "
        "FOR EACH STATEMENT EXECUTE FUNCTION note_offer_change()"
    )
    op.add_column("channels", sa.Column("rollout", postgresql.JSONB(), nullable=True))
    op.add_column("channels", sa.Column("stable_id", sa.BigInteger(), nullable=True))
    op.add_column("agent_polls", sa.Column("edition_id", sa.BigInteger(), nullable=True))


def identity() -> sa.Column:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def moment(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def other_moments(*names: str) -> list[sa.Column]:
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=True) for name in names]


def belongs_to(table: str, other: str, column: str, on_delete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete=on_delete)


def create_editions() -> None:
    op.create_table(
        "editions",
        identity(),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("withdrawn", sa.String(length=8), nullable=True),
        moment("created_at"),
        belongs_to("editions", "channels", "channel_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_editions")),
    )
    op.create_index("ix_editions_channel_id", "editions", ["channel_id", "id"])
    op.create_table(
        "channel_drift",
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("checked_version", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=True),
        *other_moments("since"),
        belongs_to("channel_drift", "channels", "channel_id"),
        sa.PrimaryKeyConstraint("channel_id", name=op.f("pk_channel_drift")),
    )


def create_rollouts() -> None:
    states = "'pending', 'running', 'paused', 'complete', 'rolled_back', 'replaced', 'cancelled'"
    op.create_table(
        "rollouts",
        identity(),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("channel", sa.String(length=100, collation="C"), nullable=False),
        sa.Column("from_id", sa.BigInteger(), nullable=False),
        sa.Column("to_id", sa.BigInteger(), nullable=False),
        sa.Column("replaced_ids", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("changes", postgresql.JSONB(), nullable=False),
        sa.Column("policy", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.String(length=11), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("stage", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("stages", postgresql.JSONB(), nullable=False),
        sa.Column("places", sa.BigInteger(), nullable=True),
        *other_moments("good_since"),
        sa.Column("is_open", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        *other_moments("moves_until", "moves_at", "not_before", "looked_at"),
        sa.Column("counts", postgresql.JSONB(), nullable=True),
        moment("created_at"),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        *other_moments("started_at", "ended_at"),
        sa.CheckConstraint(f"state IN ({states})", name=op.f("ck_rollouts_state")),
        belongs_to("rollouts", "channels", "channel_id", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rollouts")),
    )
    op.create_index("uq_rollouts_open", "rollouts", ["channel_id"], unique=True, postgresql_where=sa.text(IS_OPEN))
    op.create_index("ix_rollouts_channel", "rollouts", ["channel", "id"])
    op.create_index("ix_rollouts_state", "rollouts", ["state", "id"])
    op.create_index("ix_rollouts_to_id", "rollouts", ["to_id"])


def create_places() -> None:
    op.create_table(
        "rollout_agents",
        sa.Column("rollout_id", sa.BigInteger(), nullable=False),
        sa.Column("instance_uid", postgresql.UUID(), nullable=False),
        sa.Column("stage", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("cause", sa.String(length=9), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("was_healthy", sa.Boolean(), nullable=True),
        *other_moments("ill_since", "due", "offered_at", "answered_at"),
        sa.Column("forgiven", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'busy', 'good', 'bad', 'returned', 'gone')", name=op.f("ck_rollout_agents_state")
        ),
        belongs_to("rollout_agents", "rollouts", "rollout_id"),
        sa.PrimaryKeyConstraint("rollout_id", "instance_uid", name=op.f("pk_rollout_agents")),
    )
    op.create_index("ix_rollout_agents_state", "rollout_agents", ["rollout_id", "state"])
    op.create_index("ix_rollout_agents_instance_uid", "rollout_agents", ["instance_uid"])


def create_events() -> None:
    op.create_table(
        "rollout_events",
        identity(),
        sa.Column("rollout_id", sa.BigInteger(), nullable=False),
        moment("at"),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("by_kind", sa.String(length=7), nullable=False),
        sa.Column("action", sa.String(length=10), nullable=False),
        sa.Column("stage", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("by_kind IN ('user', 'token', 'service')", name=op.f("ck_rollout_events_by_kind")),
        belongs_to("rollout_events", "rollouts", "rollout_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rollout_events")),
    )
    op.create_index("ix_rollout_events_rollout_id", "rollout_events", ["rollout_id", "id"])


def downgrade() -> None:
    online.one_by_one(
        *(f"DROP TABLE IF EXISTS {table}" for table in TABLES),
        "ALTER TABLE channels DROP COLUMN IF EXISTS rollout",
        "ALTER TABLE channels DROP COLUMN IF EXISTS stable_id",
        "ALTER TABLE agent_polls DROP COLUMN IF EXISTS edition_id",
    )
