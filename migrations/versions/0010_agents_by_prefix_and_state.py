"""Indexes that find agents by the beginning of a name, and those whose packages are not installed.

Expressions rather than generated columns: to add such a column writes the table anew under its lock.
"""

import sqlalchemy as sa

from migrations import online

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

PREFIXES = {"ix_agents_host_name": "host.name", "ix_agents_service_instance_id": "service.instance.id"}


def upgrade() -> None:
    for name, attribute in PREFIXES.items():
        column = sa.text(f"""lower(left(attributes ->> '{attribute}', 255) COLLATE "C")""")
        online.create_index(name, "agents", [column])
    online.create_index(
        "ix_agent_packages_not_installed",
        "agent_packages",
        ["status", "instance_uid"],
        postgresql_where=sa.text("status <> 'installed'"),
    )


def downgrade() -> None:
    for name in ("ix_agent_packages_not_installed", *PREFIXES):
        online.drop_index(name)
