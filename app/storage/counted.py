"""Error counter and log: a decorator around a storage that counts what fails, and logs why."""

import contextlib
from collections.abc import Callable, Iterator

from app.errors import StorageFull, StorageUnavailable
from app.storage.decorator import StorageDecorator
from app.storage.failure_log import FailureLog
from app.storage.interface import Storage


class CountedStorage(StorageDecorator):
    """The storage `beneath`; `on_error` is called with the name of a method that was not carried out (503, 507)."""

    def __init__(self, beneath: Storage, on_error: Callable[[str], None], failures: FailureLog | None = None) -> None:
        """`failures`: None where the caller says itself why something failed, as commands do."""
        super().__init__(beneath, self._counting)
        self._on_error = on_error
        self._failures = failures

    @contextlib.contextmanager
    def _counting(self, operation: str) -> Iterator[None]:
        try:
            yield
        except (StorageUnavailable, StorageFull) as error:
            self._on_error(operation)
            if self._failures is not None:
                self._failures.failed(operation, error)
            raise
        if self._failures is not None:
            self._failures.worked(operation)
