"""The list of open uploads. To read it takes none of them over."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, tuple_

from app.accounts.caller import Caller
from app.accounts.roles import Role
from app.database import Database
from app.uploads.models import UploadRecord

TABLE: Any = UploadRecord.__table__
IDLE = func.extract("epoch", func.now() - TABLE.c.touched_at).label("idle_seconds")


class UploadListing:
    """Reads open uploads."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def page(
        self, caller: Caller, filters: dict[str, str], limit: int, after: tuple[datetime, str] | None
    ) -> Sequence[Any]:
        """The caller's open uploads, an admin's everybody's, the oldest first, those after `after`.

        Each has `idle_seconds` beside its columns. Raises DatabaseUnavailable.
        """
        statement = (
            select(*TABLE.columns, IDLE)
            .where(TABLE.c.state == "open", TABLE.c.expires_at > func.now())
            .where(*(TABLE.c[name] == value for name, value in filters.items()))
            .order_by(TABLE.c.created_at, TABLE.c.id)
            .limit(limit)
        )
        if caller.role < Role.ADMIN:
            statement = statement.where(TABLE.c.owner == caller.subject)
        if after is not None:
            statement = statement.where(tuple_(TABLE.c.created_at, TABLE.c.id) > after)
        with self.database.reading() as connection:
            return connection.execute(statement).all()
