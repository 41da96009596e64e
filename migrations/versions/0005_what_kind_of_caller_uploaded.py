"""Note whether a user or a machine token uploaded a package: both may have the same name.

Of what was there before nobody knows any more; it counts as uploaded by users.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("packages", sa.Column("created_by_kind", sa.String(10), server_default="user", nullable=False))


def downgrade() -> None:
    op.drop_column("packages", "created_by_kind")
