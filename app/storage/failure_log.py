"""Failure log: says why the storage fails, once per change of state."""

import logging

from app.errors import StorageFull, StorageUnavailable

log = logging.getLogger(__name__)


class FailureLog:
    """What fails at present, by operation. `location` is the bucket's or the folder's name."""

    def __init__(self, location: str) -> None:
        self._location = location
        self._reasons: dict[str, str] = {}

    def failed(self, operation: str, error: StorageUnavailable | StorageFull) -> None:
        """Log the reason, unless it is known; the cause's first line, which a client is not told."""
        if not getattr(error, "passes", True):
            return  # whose the storage is has its own line
        if error.__cause__ is None and self._reasons and error.detail == StorageUnavailable.detail:
            return  # refused untried, by the circuit breaker
        reason = reason_of(error)
        is_known = reason in self._reasons.values()
        self._reasons[operation] = reason
        if not is_known:
            log.warning("storage %s: %s fails: %s", self._location, operation, reason)

    def worked(self, operation: str) -> None:
        """Log that all works again once the last operation that failed does."""
        if self._reasons and self._reasons.pop(operation, None) is not None and not self._reasons:
            log.warning("storage %s: works again", self._location)


def reason_of(error: Exception) -> str:
    """The detail, with the first line of what the operating system, TLS or the name's lookup said."""
    detail = getattr(error, "detail", "")
    said = (str(error.__cause__ or "").splitlines() or [""])[0].strip()
    return f"{detail} ({said})" if said and said != detail else detail
