"""Object storage interface: what the service asks of a backend. tests/integration/storage holds every backend to it.

A key is a lower-case ASCII path such as `objects/ab/abcd…`; it is in the ledger before its first byte is
written, is written at most once, and nothing else is read out of it.

Errors: `ObjectNotFound`, `ObjectChanged`, `StorageFull` and `StorageUnavailable` of app.errors, and no others (but
`PartsLost`, see `Resumption`).
Whatever a backend does not recognise is `StorageUnavailable`: transient, and never "not found". Every call ends
in bounded time (connect 0.5 s, first byte 1.5 s), however dead the storage is.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import SplitResult

OBJECTS = "objects/"
"""What every key begins with; anything else in a bucket or a folder belongs to others and is left alone."""

PAGE_SIZE = 1000
"""Objects of one page of a listing; S3 gives no more."""


class ByteSource(Protocol):
    """Where the bytes of an object come from; the storage pulls them."""

    def readinto(self, buffer: memoryview) -> int:
        """Fill `buffer` from its start and return how many bytes, 0 at the end only; may return fewer than asked.

        Raises what its origin raises (UploadInterrupted, UploadTimedOut, TooLarge, …); the write then fails with
        that same error.
        """


@dataclass(frozen=True, slots=True)
class WrittenObject:
    """What a storage remembers of an object: `size` in bytes, and a `fingerprint` that changes with its content.

    The fingerprint is cheap to read back (S3: the ETag; folder: mtime_ns, ctime_ns and inode) and opaque to
    everyone else; at most 255 characters.
    """

    size: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class ListedObject:
    """What a listing tells: `size` in bytes, `age` in seconds by the storage's own clock.

    `is_unfinished`: it is the temporary file of a write to `key`, not an object.
    """

    key: str
    size: int
    age: float
    is_unfinished: bool = False


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part that an S3 has: its number from 1 on, its ETag, and its CRC-32C in base64."""

    number: int
    etag: str
    checksum: str


@dataclass(frozen=True, slots=True)
class SoFar:
    """What of an unfinished object is durable: `size` bytes, whole parts of `part_size` bytes each.

    `upload_id` and `parts` are what an S3 needs to go on; `parts` has those stored since the write went on, and for
    `finish` all of them.
    """

    size: int
    part_size: int
    upload_id: str = ""
    parts: tuple[StoredPart, ...] = ()


class Progress(Protocol):
    """Who remembers what is stored of an unfinished object, and whose it is. What a method raises ends the write."""

    def insist(self) -> None:
        """Raise if somebody else goes on with this object; then nothing more may be changed of it."""

    def begun(self, upload_id: str) -> None:
        """An S3 multipart upload was opened; raises as `insist` does, and the upload is ended then."""

    def stored(self, so_far: SoFar) -> None:
        """So much is durable now."""


class Resumption(Protocol):
    """Objects that are written in several calls, over any number of processes.

    Raises PartsLost beside the storage's other errors: what was stored of the object is not there any more.
    """

    def part_size(self, size: int) -> int:
        """Bytes of each part, but the last, of an object of `size` bytes."""

    def go_on(self, key: str, so_far: SoFar, source: ByteSource, progress: Progress) -> tuple[SoFar, memoryview]:
        """Store what `source` gives behind `so_far`, in whole parts; what is durable then, and the rest of the source.

        The rest, less than one part, is stored by nobody. Parts are told to `progress` in order, also those that were
        stored before something fails. What another process has stored beyond `so_far` is overwritten.
        """

    def finish(self, key: str, so_far: SoFar, rest: memoryview, progress: Progress) -> WrittenObject:
        """Make the parts, and `rest` behind them, the object under `key`."""


class ObjectReader(Protocol):
    """An open object, or a range of one. Iterating ends after exactly `length` bytes or raises."""

    length: int

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, b"" at the end.

        Raises StorageUnavailable if the storage ends before `length` bytes: a short body must never look whole.
        """

    def close(self) -> None:
        """Give the connection or file back. May be called twice."""


class Presigner(Protocol):
    """What makes presigned URLs."""

    def fetch_url(self, key: str, *, disposition: str, content_type: str) -> SplitResult:
        """A URL to GET the object with, answered with these two headers; it is good for GET alone."""


class Storage(Protocol):
    """Bytes under keys. Safe for use by many threads at once."""

    name: str
    """`minio` or `filesystem`."""

    location: str
    """What `storage_path` puts before the key: the bucket's or the folder's name."""

    def write(
        self,
        key: str,
        source: ByteSource,
        *,
        size: int | None = None,
        on_upload_id: Callable[[str], None] | None = None,
    ) -> WrittenObject:
        """Store all of `source` under `key`; durable when it returns.

        `size` is the exact length in bytes where it is known beforehand; a source that gives fewer or more has
        to raise by itself. `on_upload_id` is called with the id of an S3 multipart upload before its first part.
        If anything fails, nothing stays under `key` and no multipart upload stays open, unless the storage is
        dead: then `reconcile` removes it by the ledger.
        Raises StorageFull, StorageUnavailable, and what `source` raises.
        """

    def open(self, key: str, *, expected: WrittenObject, start: int = 0, length: int | None = None) -> ObjectReader:
        """Open `length` bytes of the object from `start` on, all of the rest by default.

        Before it returns, the storage has answered: the object is there and it is `expected`.
        Raises ObjectNotFound, ObjectChanged (another fingerprint or size), StorageUnavailable.
        """

    def stat(self, key: str) -> WrittenObject:
        """Size and present fingerprint. Raises ObjectNotFound, StorageUnavailable."""

    def delete(self, key: str) -> None:
        """Remove the object; it being gone already is success. Raises StorageUnavailable."""

    def abort_uploads(self, key: str, upload_id: str | None = None) -> None:
        """End every unfinished write of `key`: its multipart uploads (also `upload_id`), or its temporary file.

        Raises StorageUnavailable.
        """

    def pages(self) -> Iterator[list[ListedObject]]:
        """Everything below OBJECTS, in pages of at most PAGE_SIZE, in any order.

        What is written or deleted meanwhile may be listed or not; everything else is listed once. Only one page is in
        memory.
        A page takes as long as it takes while the storage answers other questions.
        Raises StorageUnavailable, at any page.
        """

    def presigner(self, host: str = "") -> Presigner | None:
        """What signs URLs of the objects as they are reached at `host` (host or host:port; by default the storage's).

        None: an optional ability that this backend has not.
        """

    def resumption(self) -> Resumption | None:
        """What writes objects in several calls. None: an optional ability that this backend has not."""

    def ping(self) -> None:
        """Return if reads and writes can be expected to work; raises StorageUnavailable with the reason."""

    def close(self) -> None:
        """Give idle connections back; what comes later opens new ones."""
