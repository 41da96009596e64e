"""Index from which agents are counted by channel, platform and architecture without their rows."""

from migrations import online

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    online.create_index("ix_agents_fleet", "agents", ["channel", "platform", "arch"])


def downgrade() -> None:
    online.drop_index("ix_agents_fleet")
