"""Let `q` search by trigrams, where PostgreSQL has the extension pg_trgm.

Without it `q` scans the table: embedded PostgreSQL builds may lack it, and it needs the right to create it.
"""

import logging

import sqlalchemy as sa
from alembic import op

from migrations import online

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

log = logging.getLogger("app.migrations")

AVAILABLE = """
SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm')
    OR EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm')
   AND has_database_privilege(current_database(), 'CREATE')
"""


def upgrade() -> None:
    if not op.get_bind().scalar(sa.text(AVAILABLE)):
        log.warning("this PostgreSQL has no pg_trgm for us: searching by `q` will read the whole table")
        return
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    for column in ("name", "description"):
        online.create_index(
            f"ix_packages_{column}_trigrams",
            "packages",
            [column],
            postgresql_using="gin",
            postgresql_ops={column: "gin_trgm_ops"},
        )


def downgrade() -> None:
    # The extension stays: something else in this database may have come to use it.
    for column in ("description", "name"):
        online.drop_index(f"ix_packages_{column}_trigrams")
