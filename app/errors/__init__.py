"""The domain's errors. Each knows what to tell a client; app/http/problems.py knows under which status."""

from collections.abc import Mapping, Sequence

from app.errors.base import ServiceError
from app.errors.callers import (
    CrossOrigin,
    Forbidden,
    MalformedToken,
    PackageBlocked,
    TokenEnded,
    TokenExpired,
    TokenRefused,
    TooManyLogins,
    Unauthorized,
    WrongCredentials,
)
from app.errors.dependencies import (
    DatabaseUnavailable,
    ObjectChanged,
    ObjectNotFound,
    Overloaded,
    PartsLost,
    PieceCut,
    StorageDenied,
    StorageFull,
    StorageUnavailable,
    Superseded,
    Unavailable,
)

__all__ = [
    "CrossOrigin",
    "DatabaseUnavailable",
    "Forbidden",
    "MalformedToken",
    "ObjectChanged",
    "ObjectNotFound",
    "Overloaded",
    "PackageBlocked",
    "PartsLost",
    "PieceCut",
    "ServiceError",
    "StorageDenied",
    "StorageFull",
    "StorageUnavailable",
    "Superseded",
    "TokenEnded",
    "TokenExpired",
    "TokenRefused",
    "TooManyLogins",
    "Unauthorized",
    "Unavailable",
    "WrongCredentials",
]

# What was sent


class BadRequest(ServiceError):
    """The body is not what its headers say (400)."""


class UploadInterrupted(BadRequest):
    """The body ended before it was whole."""

    detail = "The body ended before it was complete; nothing was stored. Send it again."


class UploadTimedOut(ServiceError):
    """The upload took too long, or stalled (408)."""

    detail = "The upload took too long; it was given up. Send it again over a faster connection."


class LengthRequired(ServiceError):
    """A raw PUT with neither Content-Length nor chunked coding (411)."""

    detail = "Send Content-Length, or use chunked transfer coding."


class TooLarge(ServiceError):
    """The body is over its limit (413)."""


class UnsupportedMediaType(ServiceError):
    """The Content-Type is not one that this path takes (415)."""


class Invalid(ServiceError):
    """Fields or parameters are missing, wrong, repeated or unknown (422); `errors` is {field: [messages]}."""

    detail = "Some fields or parameters are not valid; see errors."

    def __init__(self, errors: Mapping[str, Sequence[str]]) -> None:
        self.errors = {field: list(messages) for field, messages in errors.items()}
        super().__init__(self._summary())

    def _summary(self) -> str | None:
        """The first error, and how many more there are; None where there is none."""
        messages = [(field, message) for field, messages in self.errors.items() for message in messages]
        if not messages:
            return None
        field, message = messages[0]
        more = f" ({len(messages) - 1} more in errors)" if len(messages) > 1 else ""
        return f"{message}{more}" if field == "_schema" else f"{field}: {message}{more}"


class DigestMismatch(Invalid):
    """The bytes received are not those that the client declared (422)."""


class WrongOffset(ServiceError):
    """A piece of an upload that begins elsewhere than where the upload stands (409)."""


class ChecksumMismatch(ServiceError):
    """The bytes of a piece are not those that its own header declares, in tus (460)."""


class UnknownVersion(ServiceError):
    """A version of tus other than 1.0.0 (412)."""

    detail = "Send Tus-Resumable: 1.0.0, the one version of tus that is spoken here."


class TooManyUploads(ServiceError):
    """One owner has as many open uploads as may be (429)."""


# What is there


class NotFound(ServiceError):
    """No such thing (404)."""


class PackageNotFound(NotFound):
    detail = "There is no such package."


class ReleaseNotFound(NotFound):
    detail = "There is no package of this name and version."


class UserNotFound(NotFound):
    detail = "There is no such user."


class TokenNotFound(NotFound):
    detail = "There is no such token."


class ChannelNotFound(NotFound):
    detail = "There is no such channel."


class RolloutNotFound(NotFound):
    detail = "There is no such roll-out."


class PolicyNotFound(NotFound):
    detail = "There is no such policy."


class SignatureNotFound(NotFound):
    detail = "There is no such signature."


class AgentNotFound(NotFound):
    detail = "There is no such agent."


class UploadNotFound(NotFound):
    detail = "There is no such upload: it has expired, was ended, or is another's. Create a new one."


class UploadGone(ServiceError):
    """An upload that has failed for good (410); `detail` says why."""


class Conflict(ServiceError):
    """The request contradicts what is there (409)."""


class UsernameTaken(Conflict):
    detail = "There is a user of this name already. Choose another name, or change that user."


class LastAdmin(Conflict):
    detail = "This is the last active admin. Make another user an admin first."


class PackageExists(Conflict):
    """The coordinates hold other bytes."""

    def __init__(self, name: str) -> None:
        super().__init__(
            "A package with this name, version, platform and arch exists with other bytes; it stays as it was. There "
            "is one file for each version, platform and arch: publish changed bytes under another version, and the "
            f"same version in another format under another name, such as {name}-deb."
        )


class PackageRefused(ServiceError):
    """The same, told to a tus client (422): it would read 409 as a wrong offset, and send all again."""


class PackagePinned(Conflict):
    """A channel names just this version, which then cannot be deleted."""

    def __init__(self, channel: str) -> None:
        super().__init__(f"The channel {channel} pins this version. Change the channel first, then delete the package.")


class TooManySignatures(Conflict):
    detail = "This package has as many signatures as it may have. Delete one that is not needed first."


class PreconditionFailed(ServiceError):
    """What is there is not what If-Match or If-None-Match names (412)."""

    detail = "It is not as If-Match or If-None-Match says, and stays as it is. Read it again, then change it."


class PackageDamaged(ServiceError):
    """The row is there and its object is gone or damaged (502)."""

    detail = "The stored bytes of this package are missing or damaged. Upload the same file again to repair it."
