"""Whether the database's schema is older than the code, by Alembic's revisions."""

import functools
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def is_behind(revision: str | None) -> bool:
    """Whether this revision lacks a migration that the code needs; one that the code does not know is newer."""
    known = revisions()
    return revision != known[0] and (revision is None or revision in known)


def is_newer(revision: str | None) -> bool:
    """Whether a newer version of the code has migrated the database."""
    return revision is not None and revision not in revisions()


@functools.cache
def revisions() -> tuple[str, ...]:
    """All revisions of the code, the newest first."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return tuple(script.revision for script in ScriptDirectory.from_config(config).walk_revisions())
