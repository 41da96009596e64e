"""Storage guard: a decorator that lets nothing through to a storage that is another database's."""

import contextlib
from collections.abc import Iterator
from urllib.parse import SplitResult

from app.errors import ObjectNotFound
from app.objects.identity import StorageIdentity
from app.storage.decorator import StorageDecorator
from app.storage.interface import Presigner, Storage


class OwnedStorage(StorageDecorator):
    """The storage `beneath`, while `identity` says that it is ours; else StorageMismatch is raised.

    After the first comparison that costs a request nothing.
    """

    def __init__(self, beneath: Storage, identity: StorageIdentity) -> None:
        super().__init__(beneath, self._guarding)
        self._identity = identity

    @contextlib.contextmanager
    def _guarding(self, _operation: str) -> Iterator[None]:
        self._identity.require_ours()
        try:
            yield
        except ObjectNotFound:
            self._identity.require_readable()
            raise

    def presigner(self, host: str = "") -> Presigner | None:
        """What signs URLs, of a storage that is ours."""
        presigner = self.beneath.presigner(host)
        return None if presigner is None else OwnedPresigner(presigner, self._identity)

    def ping(self) -> None:
        """Return if reads and writes can be expected to work, and the storage is ours."""
        self._identity.ping()


class OwnedPresigner:
    """The presigner `beneath`, in the same way."""

    def __init__(self, beneath: Presigner, identity: StorageIdentity) -> None:
        self._beneath = beneath
        self._identity = identity

    def fetch_url(self, key: str, *, disposition: str, content_type: str) -> SplitResult:
        """See `Presigner.fetch_url`. Raises as `StorageIdentity.require_ours` does."""
        self._identity.require_ours()
        return self._beneath.fetch_url(key, disposition=disposition, content_type=content_type)
