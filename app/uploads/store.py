"""Transactions on uploads in pieces. All ages are taken by the database's clock."""

import contextlib
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app.accounts.caller import Caller
from app.database import Database, deadline
from app.errors import StorageUnavailable, Superseded, TooManyUploads, UploadNotFound
from app.objects.ledger import note_upload, reserve_partial, transition, upload_of
from app.packages.store import PackageRow
from app.storage.interface import StoredPart
from app.uploads.models import UploadPart, UploadRecord
from app.uploads.takeover import ours
from app.uploads.upload import Advance, NewUpload, Upload, upload_of_row

MAX_OPEN = 32
"""Open uploads of one owner."""

CREATION_LOCK = 0x75706C64
"""First key of the advisory lock under which an owner's uploads are counted; the second is the owner's hash."""

TABLE: Any = UploadRecord.__table__

ADVANCE = """
WITH advanced AS (
    UPDATE uploads SET "offset" = %(offset)s, hash_state = %(hash_state)s, touched_at = now()
    WHERE id = %(id)s AND epoch = %(epoch)s AND state = 'open' RETURNING id
), noted AS (
    INSERT INTO upload_parts (upload_id, number, etag, crc32c)
    SELECT advanced.id, part.* FROM advanced,
        unnest(%(numbers)s::integer[], %(etags)s::text[], %(checksums)s::text[]) AS part
    ON CONFLICT (upload_id, number) DO UPDATE SET etag = excluded.etag, crc32c = excluded.crc32c
)
SELECT id FROM advanced
"""
"""Whole parts alone, which is what a large piece commits each few milliseconds: one statement, past SQLAlchemy."""


class UploadStore:
    """Uploads in PostgreSQL. Every method may raise DatabaseUnavailable; those given an Upload raise Superseded."""

    def __init__(self, database: Database, lifetime: int) -> None:
        """`lifetime` in seconds, from creation."""
        self.database = database
        self.lifetime = timedelta(seconds=lifetime)

    def create(self, new: NewUpload, owner: Caller, part_size: int, hash_format: str) -> Upload:
        """A new upload, already ours. Raises TooManyUploads."""
        fields = new.fields
        row = {
            **asdict(fields.coordinates),
            **{name: getattr(fields, name) for name in ("file_name", "content_type", "description", "checksum")},
            "id": secrets.token_hex(16),
            "owner": owner.subject,
            "created_by": owner.username,
            "metadata": new.metadata,
            "length": new.length,
            "part_size": part_size,
            "hash_format": hash_format,
        }
        with self.database.writing() as connection:
            connection.execute(select(func.pg_advisory_xact_lock(CREATION_LOCK, func.hashtext(owner.subject))))
            is_open = (TABLE.c.owner == owner.subject, TABLE.c.state == "open", TABLE.c.expires_at > func.now())
            if connection.execute(select(func.count()).where(*is_open)).scalar_one() >= MAX_OPEN:
                raise TooManyUploads(
                    f"You have {MAX_OPEN} open uploads. Finish or DELETE one; GET /api/v1/uploads lists them."
                )
            key = reserve_partial(connection) if new.length > part_size else None
            statement = insert(TABLE).values(
                **row, object_key=key, hash_state=b"", expires_at=func.now() + self.lifetime
            )
            return upload_of_row(connection.execute(statement.returning(*TABLE.columns)).one())

    def insist(self, upload: Upload) -> None:
        """Return while nobody else has taken the upload over."""
        deadline.set_budget(deadline.REQUEST_BUDGET)
        with self.database.reading() as connection:
            if connection.execute(select(TABLE.c.id).where(*ours(upload))).one_or_none() is None:
                raise Superseded

    def multipart_upload(self, upload: Upload) -> str:
        """The id of the S3 multipart upload that was begun for it, "" without one."""
        with self.database.reading() as connection:
            return upload_of(connection, upload.object_key or "") or ""

    def begun(self, upload: Upload, multipart_id: str) -> None:
        """Note the S3 multipart upload."""
        with self._changing(upload) as connection:
            note_upload(connection, upload.object_key or "", multipart_id)

    def parts(self, upload: Upload) -> dict[int, StoredPart]:
        """The parts that the S3 has, by number."""
        of_it = select(UploadPart.number, UploadPart.etag, UploadPart.crc32c).where(UploadPart.upload_id == upload.id)
        with self.database.reading() as connection:
            return {row.number: StoredPart(*row) for row in connection.execute(of_it)}

    def advance(self, upload: Upload, to: Advance) -> Upload:
        """Commit how far it is. The old tail is doomed by the same commit, which makes the new one good.

        Raises StorageUnavailable if the new tail has been given up meanwhile.
        """
        if not (to.tail or upload.tail or to.is_last):
            return self._advance_by_parts(upload, to)
        tail = {"tail_key": to.tail[0] if to.tail else None, "tail_fingerprint": to.tail[1] if to.tail else None}
        values = {"offset": to.offset, "hash_state": to.hash_state, **tail, "touched_at": func.now()}
        if to.is_last:
            values["held_until"] = None
        with self._changing(upload, **values) as connection:
            if to.tail and not transition(connection, to.tail[0], "writing", "partial"):
                raise StorageUnavailable("The bytes were given up before they could be noted. Send them again.")
            if upload.tail:
                transition(connection, upload.tail[0], "partial", "doomed")
            if to.parts:
                _insert_parts(connection, upload, to.parts)
        is_held = upload.is_held and not to.is_last
        return replace(upload, offset=to.offset, hash_state=to.hash_state, tail=to.tail, is_held=is_held)

    def _advance_by_parts(self, upload: Upload, to: Advance) -> Upload:
        columns = {
            "numbers": [part.number for part in to.parts],
            "etags": [part.etag for part in to.parts],
            "checksums": [part.checksum for part in to.parts],
        }
        row = {"id": upload.id, "epoch": upload.epoch, "offset": to.offset, "hash_state": to.hash_state}
        deadline.set_budget(deadline.REQUEST_BUDGET)
        if not self.database.rows(ADVANCE, {**row, **columns}):
            raise Superseded
        return replace(upload, offset=to.offset, hash_state=to.hash_state)

    def received(self, upload: Upload, checksum: str) -> None:
        """Note that all bytes have come, before they are put together: an answer that is lost then can be found."""
        with self._changing(upload, received_checksum=checksum):
            pass

    def fail(self, upload: Upload, reason: str) -> Upload:
        """End it for good; its bytes are doomed."""
        values = {"state": "failed", "failure": reason, "tail_key": None, "hash_state": None}
        with self._changing(upload, **values) as connection:
            _doom(connection, upload.keys)
            _forget_parts(connection, upload)
        return replace(upload, state="failed", failure=reason)

    def settlement(self, upload: Upload) -> "UploadSettlement":
        """What the commit that publishes settles of the upload."""
        return UploadSettlement(self, upload)

    def remove(self, upload: Upload) -> None:
        """Forget it, and doom its bytes."""
        with self.database.writing() as connection:
            if connection.execute(delete(TABLE).where(TABLE.c.id == upload.id)).rowcount == 0:
                raise UploadNotFound
            _doom(connection, upload.keys)

    def expire(self, idle_for: timedelta | None = None, batch: int = 500) -> int:
        """Forget the expired uploads, and open ones without a byte for `idle_for`; their bytes are doomed. How many."""
        due = TABLE.c.expires_at <= func.now()
        if idle_for is not None:
            due = or_(due, (TABLE.c.state == "open") & (TABLE.c.touched_at <= func.now() - idle_for))
        removed = 0
        while True:
            with self.database.writing() as connection:
                ids = select(TABLE.c.id).where(due).order_by(TABLE.c.id).limit(batch).with_for_update()
                gone = delete(TABLE).where(TABLE.c.id.in_(ids))
                rows = connection.execute(gone.returning(TABLE.c.object_key, TABLE.c.tail_key)).all()
                _doom(connection, [key for row in rows for key in row if key])
            removed += len(rows)
            if len(rows) < batch:
                return removed

    def count_open(self) -> int:
        """How many uploads are open."""
        with self.database.reading() as connection:
            is_open = (TABLE.c.state == "open", TABLE.c.expires_at > func.now())
            return int(connection.execute(select(func.count()).where(*is_open)).scalar_one())

    @contextlib.contextmanager
    def _changing(self, upload: Upload, **values: Any) -> Iterator[Connection]:
        """One transaction that changes the upload, while it is ours."""
        # Each of these has the time of a request: what comes between them may take an hour.
        deadline.set_budget(deadline.REQUEST_BUDGET)
        with self.database.writing() as connection:
            _change(connection, upload, **values)
            yield connection


class UploadSettlement:
    """What the commit that publishes a package settles of the upload that has brought it. See `Settlement`."""

    def __init__(self, store: UploadStore, upload: Upload) -> None:
        self.store = store
        self.upload = upload

    def lock(self, connection: Connection) -> None:
        """Before all else, so that all transactions lock in one order. Raises Superseded."""
        _change(connection, self.upload)

    def settle(self, connection: Connection, package: PackageRow, *, created: bool) -> None:
        """The upload is done; of what it has stored the package keeps its object, or nothing."""
        upload = self.upload
        values = {"state": "done", "offset": upload.length, "package_id": package.id, "is_new": created}
        _change(connection, upload, **values, tail_key=None, hash_state=None)
        _doom(connection, [key for key in upload.keys if key != package.object_key])
        _forget_parts(connection, upload)

    def settle_alone(self, package: PackageRow) -> None:
        """The same where the package was there before, and stays as it is."""
        with self.store.database.writing() as connection:
            self.settle(connection, package, created=False)


def _change(connection: Connection, upload: Upload, **values: Any) -> None:
    statement = update(TABLE).where(*ours(upload)).values(epoch=upload.epoch, **values)
    if connection.execute(statement).rowcount == 0:
        raise Superseded


def _insert_parts(connection: Connection, upload: Upload, parts: Sequence[StoredPart]) -> None:
    statement = upsert(UploadPart)
    changes = {"etag": statement.excluded.etag, "crc32c": statement.excluded.crc32c}
    rows = [
        {"upload_id": upload.id, "number": part.number, "etag": part.etag, "crc32c": part.checksum} for part in parts
    ]
    connection.execute(statement.on_conflict_do_update(index_elements=["upload_id", "number"], set_=changes), rows)


def _forget_parts(connection: Connection, upload: Upload) -> None:
    connection.execute(delete(UploadPart).where(UploadPart.upload_id == upload.id))


def _doom(connection: Connection, keys: Sequence[str]) -> None:
    for key in sorted(keys):
        transition(connection, key, "partial", "doomed")
