"""Storage guard: a decorator that lets nothing through to a storage that is another database's."""

from collections.abc import Callable, Iterator
from urllib.parse import SplitResult

from app.errors import ObjectNotFound
from app.objects.identity import StorageIdentity
from app.storage.interface import (
    ByteSource,
    ListedObject,
    ObjectReader,
    Presigner,
    Progress,
    Resumption,
    SoFar,
    Storage,
    WrittenObject,
)


class OwnedStorage:
    """The storage `beneath`, while `identity` says that it is ours; else StorageMismatch is raised.

    After the first comparison that costs a request nothing.
    """

    def __init__(self, beneath: Storage, identity: StorageIdentity) -> None:
        self.beneath = beneath
        self.name = beneath.name
        self.location = beneath.location
        self._identity = identity

    def write(
        self,
        key: str,
        source: ByteSource,
        *,
        size: int | None = None,
        on_upload_id: Callable[[str], None] | None = None,
    ) -> WrittenObject:
        """Store all of `source` under `key`."""
        self._identity.require_ours()
        return self.beneath.write(key, source, size=size, on_upload_id=on_upload_id)

    def open(self, key: str, *, expected: WrittenObject, start: int = 0, length: int | None = None) -> ObjectReader:
        """Open a range of the object."""
        self._identity.require_ours()
        try:
            return self.beneath.open(key, expected=expected, start=start, length=length)
        except ObjectNotFound:
            self._identity.require_readable()
            raise

    def stat(self, key: str) -> WrittenObject:
        """Size and present fingerprint."""
        self._identity.require_ours()
        try:
            return self.beneath.stat(key)
        except ObjectNotFound:
            self._identity.require_readable()
            raise

    def delete(self, key: str) -> None:
        """Remove the object."""
        self._identity.require_ours()
        self.beneath.delete(key)

    def abort_uploads(self, key: str, upload_id: str | None = None) -> None:
        """End every unfinished write of `key`."""
        self._identity.require_ours()
        self.beneath.abort_uploads(key, upload_id)

    def pages(self) -> Iterator[list[ListedObject]]:
        """Everything below OBJECTS."""
        self._identity.require_ours()
        yield from self.beneath.pages()

    def presigner(self, host: str = "") -> Presigner | None:
        """What signs URLs, of a storage that is ours."""
        presigner = self.beneath.presigner(host)
        return None if presigner is None else OwnedPresigner(presigner, self._identity)

    def resumption(self) -> Resumption | None:
        """What writes objects in several calls, of a storage that is ours."""
        beneath = self.beneath.resumption()
        return None if beneath is None else OwnedResumption(beneath, self._identity)

    def ping(self) -> None:
        """Return if reads and writes can be expected to work, and the storage is ours."""
        self._identity.ping()

    def close(self) -> None:
        """Give idle connections back."""
        self.beneath.close()


class OwnedPresigner:
    """The presigner `beneath`, in the same way."""

    def __init__(self, beneath: Presigner, identity: StorageIdentity) -> None:
        self._beneath = beneath
        self._identity = identity

    def fetch_url(self, key: str, *, disposition: str, content_type: str) -> SplitResult:
        """See `Presigner.fetch_url`. Raises as `StorageIdentity.require_ours` does."""
        self._identity.require_ours()
        return self._beneath.fetch_url(key, disposition=disposition, content_type=content_type)


class OwnedResumption:
    """The resumption `beneath`, in the same way."""

    def __init__(self, beneath: Resumption, identity: StorageIdentity) -> None:
        self._beneath = beneath
        self._identity = identity

    def part_size(self, size: int) -> int:
        """Bytes of each part."""
        return self._beneath.part_size(size)

    def go_on(self, key: str, so_far: SoFar, source: ByteSource, progress: Progress) -> tuple[SoFar, memoryview]:
        """Store what comes behind `so_far`."""
        self._identity.require_ours()
        return self._beneath.go_on(key, so_far, source, progress)

    def finish(self, key: str, so_far: SoFar, rest: memoryview, progress: Progress) -> WrittenObject:
        """Make the parts the object."""
        self._identity.require_ours()
        return self._beneath.finish(key, so_far, rest, progress)
