"""The row with the database's own identity, which its storage has too."""

import contextlib
import secrets
from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.database import Database
from app.objects.models import DatabaseIdentity

IDENTITY_LOCK = 0x6964656E74
"""The advisory lock under which an identity is written to the storage."""


class IdentityRow:
    """At most one row, which never changes once it is there."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def identity(self) -> str | None:
        """The database's identity, None if it has none yet. Raises DatabaseUnavailable."""
        with self.database.reading() as connection:
            return connection.scalar(select(DatabaseIdentity.identity))

    def make(self, identity: str = "") -> str:
        """Give the database this identity, or a random one, unless it has one; the one that it has then.

        Raises DatabaseUnavailable.
        """
        new = insert(DatabaseIdentity).values(identity=identity or secrets.token_hex(16)).on_conflict_do_nothing()
        with self.database.writing() as connection:
            connection.execute(new)
            return connection.scalars(select(DatabaseIdentity.identity)).one()

    @contextlib.contextmanager
    def writing_alone(self) -> Iterator[None]:
        """Let no other worker or replica of this database write to the storage what is written in the block."""
        with self.database.exclusively(IDENTITY_LOCK, wait=True):
            yield
