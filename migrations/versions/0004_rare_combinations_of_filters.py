"""Find rare combinations of filters in the indexes alone.

A list filtered by platform and architecture, or by more than that, read through all packages of one of them if few
or none had both.
"""

from migrations import online

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SORTS = ("created_at", "name", "version_key")
BEHIND = {"version": ["platform", "arch", "is_active"], "is_active": ["platform", "arch"]}


def upgrade() -> None:
    for sort in SORTS:
        online.create_index(
            f"ix_packages_platform_arch_{sort}", "packages", ["platform", "arch", sort, "id", "is_active"]
        )
        for by, behind in BEHIND.items():
            online.replace_index(f"ix_packages_{by}_{sort}", "packages", [by, sort, "id", *behind])


def downgrade() -> None:
    for sort in SORTS:
        online.drop_index(f"ix_packages_platform_arch_{sort}")
        for by in BEHIND:
            online.replace_index(f"ix_packages_{by}_{sort}", "packages", [by, sort, "id"])
