"""Errors of what the service stands on: PostgreSQL, the storage, and its own capacity."""

from app.errors.base import ServiceError


class Unavailable(ServiceError):
    """PostgreSQL or storage does not answer or refuses (503). `state` is the part's in /health/ready."""

    state = "down"
    passes = True
    """Whether it may be over without anybody doing something."""


class Overloaded(Unavailable):
    """As much of a kind is being done as may be at once (503)."""


class Superseded(Unavailable):
    """Another request goes on with the upload."""

    detail = "Another request goes on with this upload. Ask for its offset with HEAD, and send from there."


class PieceCut(Unavailable):
    """A piece of an upload ended early (503); what came of it is kept."""


class DatabaseUnavailable(Unavailable):
    detail = "The database does not answer. Try again."


class StorageUnavailable(Unavailable):
    detail = "The storage does not answer. Try again."


class StorageDenied(StorageUnavailable):
    """The storage's user may not do this to this key; all else may work."""


class StorageFull(ServiceError):
    """The storage has no room left (507)."""

    detail = "The storage is full; nothing was stored. Free some room, then send it again."


class ObjectNotFound(ServiceError):
    """Storage only: no object under this key. What a client sees of it is PackageDamaged."""


class PartsLost(ServiceError):
    """Storage only: what was stored of an unfinished object is not there any more."""


class ObjectChanged(ServiceError):
    """Storage only: the object under this key is not the one that was written there."""
