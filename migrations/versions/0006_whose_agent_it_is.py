"""Whose agent it is: the name and kind of who spoke for it last.

Agents that are there already belong to nobody, until the first that speaks for them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

COLUMNS = {"owner_name": sa.String(100), "owner_kind": sa.String(5)}


def upgrade() -> None:
    for name, kind in COLUMNS.items():
        op.add_column("agent_polls", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    for name in COLUMNS:
        op.drop_column("agent_polls", name)
