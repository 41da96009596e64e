"""Transactions on the ledger of stored objects. All ages are taken by the database's clock."""

import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, literal_column, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.sql.dml import ReturningUpdate

from app.database import Database
from app.objects.models import KEY_LENGTH, LastReconcile, StoredObject

POSSIBLE_KEY = re.compile(rf"[!-~]{{1,{KEY_LENGTH}}}")
"""What a row can have; a bucket's keys may be longer, and hold what PostgreSQL's texts cannot."""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A key whose object is not live, with the S3 multipart upload that may still be open for it."""

    key: str
    state: str
    upload_id: str | None


class Ledger:
    """Which keys the storage may hold, and what is to become of each."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def reserve(self) -> str:
        """Note a fresh random key as `writing`, before its first byte is written. Raises DatabaseUnavailable."""
        with self.database.writing() as connection:
            return _reserve(connection, "writing")

    def note_upload_id(self, key: str, upload_id: str) -> None:
        """Remember the S3 multipart upload of `key`, so that it can be aborted whatever happens."""
        with self.database.writing() as connection:
            note_upload(connection, key, upload_id)

    def doom(self, key: str) -> bool:
        """Give up an unpublished object; only after True may its bytes be deleted.

        The UPDATE waits for a publication of the same key that is in doubt, and then hits no row if that has
        taken effect. Raises DatabaseUnavailable, lock_timeout included: then `reconcile` decides.
        """
        with self.database.writing() as connection:
            return transition(connection, key, "writing", "doomed")

    def state(self, key: str) -> str | None:
        """The key's state; None where the ledger has no such key."""
        with self.database.reading() as connection:
            return connection.scalar(select(StoredObject.state).where(StoredObject.key == key))

    def unknown(self, keys: Collection[str]) -> set[str]:
        """Those of `keys` that the ledger does not have. Raises DatabaseUnavailable."""
        possible = [key for key in keys if POSSIBLE_KEY.fullmatch(key)]
        with self.database.reading() as connection:
            found = connection.scalars(select(StoredObject.key).where(StoredObject.key.in_(possible)))
            return set(keys).difference(found)

    def claim(self, key: str) -> bool:
        """Take a key that the ledger does not have into it as doomed; only after True may its bytes be deleted.

        False if it has got the key meanwhile. From then on nobody can publish under it, and what a crash leaves
        of it is `reconcile`'s. Raises DatabaseUnavailable.
        """
        if not POSSIBLE_KEY.fullmatch(key):
            return True
        with self.database.writing() as connection:
            statement = upsert(StoredObject).values(key=key, state="doomed").on_conflict_do_nothing()
            return connection.execute(statement).rowcount == 1

    def mark_deleted(self, key: str) -> None:
        """Note that the bytes of a doomed object have been deleted once."""
        with self.database.writing() as connection:
            transition(connection, key, "doomed", "deleted")

    def doom_abandoned(self, older_than: timedelta) -> int:
        """Give up every upload that began longer ago than `older_than`; returns how many."""
        abandoned = (StoredObject.state == "writing", StoredObject.created_at < func.now() - older_than)
        with self.database.writing() as connection:
            result = connection.execute(
                update(StoredObject).where(*abandoned).values(state="doomed", changed_at=func.now())
            )
            return result.rowcount

    def unsettled(self, deleted_before: timedelta, after: str = "", limit: int = 500) -> list[LedgerEntry]:
        """Doomed objects, and deleted ones of at least this age, by key from `after` on."""
        due = and_(StoredObject.state == "deleted", StoredObject.changed_at <= func.now() - deleted_before)
        statement = (
            select(StoredObject.key, StoredObject.state, StoredObject.upload_id)
            .where(or_(StoredObject.state == "doomed", due), StoredObject.key > after)
            .order_by(StoredObject.key)
            .limit(limit)
        )
        with self.database.reading() as connection:
            return [LedgerEntry(*row) for row in connection.execute(statement)]

    def forget(self, key: str, deleted_before: timedelta) -> bool:
        """Drop a deleted object's row once no write to it can still land; returns whether it was dropped."""
        with self.database.writing() as connection:
            statement = delete(StoredObject).where(
                StoredObject.key == key,
                StoredObject.state == "deleted",
                StoredObject.changed_at <= func.now() - deleted_before,
            )
            return connection.execute(statement).rowcount == 1

    def note_run(self, given_up: int, deleted: int, failed: int) -> None:
        """Remember that a run of `reconcile` ends now, and how many uploads and objects it was about."""
        run = {"given_up": given_up, "deleted": deleted, "failed": failed}
        statement = upsert(LastReconcile).values(run)
        renewed = {"finished_at": func.now(), **run}
        with self.database.writing() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["is_only"], set_=renewed))


def reserve_partial(connection: Connection) -> str:
    """Note a fresh random key as `partial`, within the transaction that makes its upload."""
    return _reserve(connection, "partial")


def note_upload(connection: Connection, key: str, upload_id: str) -> None:
    """Remember the S3 multipart upload of `key` within the caller's transaction."""
    connection.execute(update(StoredObject).where(StoredObject.key == key).values(upload_id=upload_id))


def upload_of(connection: Connection, key: str) -> str | None:
    """The S3 multipart upload of `key`, None where none was noted."""
    return connection.scalar(select(StoredObject.upload_id).where(StoredObject.key == key))


def _reserve(connection: Connection, state: str) -> str:
    name = secrets.token_hex(16)
    key = f"objects/{name[:2]}/{name}"
    connection.execute(insert(StoredObject).values(key=key, state=state))
    return key


def make_live() -> ReturningUpdate[Any]:
    """The statement that moves the key `object_key` from `writing` or `partial` to `live`, and returns it as `id`."""
    unpublished = StoredObject.state.in_((literal_column("'writing'"), literal_column("'partial'")))
    return (
        update(StoredObject)
        .where(StoredObject.key == bindparam("object_key"), unpublished)
        .values(state=literal_column("'live'"), changed_at=func.now())
        .returning(StoredObject.key.label("id"))
    )


def transition(connection: Connection, key: str, before: str, after: str) -> bool:
    """Move one key from state to state within the caller's transaction; False if it was not in `before`."""
    statement = (
        update(StoredObject)
        .where(StoredObject.key == key, StoredObject.state == before)
        .values(state=after, changed_at=func.now())
    )
    return connection.execute(statement).rowcount == 1
