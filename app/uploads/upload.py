"""What is known of an upload in pieces."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.packages.store import Coordinates
from app.packages.uploads import UploadFields
from app.storage.interface import SoFar, StoredPart


@dataclass(frozen=True, slots=True)
class NewUpload:
    """An upload as it is asked for: `length` in bytes, `metadata` as tus clients have sent it."""

    fields: UploadFields
    length: int
    metadata: str = ""


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload as its row is, while its epoch is ours; see UploadRecord."""

    id: str
    epoch: int
    state: str
    fields: UploadFields
    sent_metadata: str
    length: int
    offset: int
    hash_state: bytes | None
    hash_format: str
    received_checksum: str | None
    object_key: str | None
    part_size: int
    tail: tuple[str, str] | None
    """Key and fingerprint of the object that has the bytes behind the last whole part."""
    package_id: int | None
    is_new: bool | None
    failure: str | None
    expires_at: datetime
    is_held: bool = False
    """Whether those who take it over wait for this request."""

    @property
    def so_far(self) -> SoFar:
        """The whole parts that are durable."""
        return SoFar(self.offset - self.offset % self.part_size, self.part_size)

    @property
    def keys(self) -> list[str]:
        """What the storage has of it."""
        return [key for key in (self.object_key, self.tail[0] if self.tail else None) if key]


@dataclass(frozen=True, slots=True)
class Advance:
    """How far an upload is to be, from now on: `offset` and the hash's state there, parts that came, its new tail.

    `is_last`: the request adds no more.
    """

    offset: int
    hash_state: bytes | None
    parts: Sequence[StoredPart] = ()
    tail: tuple[str, str] | None = None
    is_last: bool = False


def upload_of_row(row: Any) -> Upload:
    """The upload that a row of all columns is."""
    fields = UploadFields(
        Coordinates(row.name, row.version, row.platform, row.arch),
        row.file_name,
        row.content_type,
        row.description,
        row.checksum,
    )
    same = ("id", "epoch", "state", "length", "hash_format", "received_checksum", "object_key", "part_size")
    more = ("offset", "package_id", "is_new", "failure", "expires_at")
    return Upload(
        fields=fields,
        sent_metadata=row.metadata,
        hash_state=row.hash_state,
        tail=(row.tail_key, row.tail_fingerprint) if row.tail_key else None,
        is_held=row.held_until is not None,
        **{name: getattr(row, name) for name in (*same, *more)},
    )
