"""The domain's errors. Each knows what to tell a client; app/http/problems.py knows under which status."""

from collections.abc import Mapping, Sequence


class ServiceError(Exception):
    """Base of all errors that an answer is made of. `detail` is for the client: clear, and without a secret."""

    detail = "The request could not be carried out."

    def __init__(self, detail: str | None = None) -> None:
        if detail is not None:
            self.detail = detail
        super().__init__(self.detail)


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

    def __init__(self, errors: Mapping[str, Sequence[str]], detail: str | None = None) -> None:
        self.errors = {field: list(messages) for field, messages in errors.items()}
        super().__init__(detail)


class DigestMismatch(Invalid):
    """The bytes received are not those that the client declared (422)."""


# Who asks


class Unauthorized(ServiceError):
    """No token, or one that does not count (401)."""

    detail = "Send a valid token as 'Authorization: Bearer …'; POST /api/v1/auth/login makes one."


class WrongCredentials(Unauthorized):
    """A login with a name or a password that is wrong, or of a disabled user (401); it does not say which."""

    detail = "The user name or the password is wrong."


class Forbidden(ServiceError):
    """The role is too low (403)."""


class TooManyLogins(ServiceError):
    """Failed logins of one name from one address (429); `retry_after` in seconds."""

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(f"Too many failed logins for this user name. Try again in {retry_after} seconds.")


# What is there


class NotFound(ServiceError):
    """No such thing (404)."""


class PackageNotFound(NotFound):
    detail = "There is no such package."


class UserNotFound(NotFound):
    detail = "There is no such user."


class TokenNotFound(NotFound):
    detail = "There is no such token."


class ChannelNotFound(NotFound):
    detail = "There is no such channel."


class AgentNotFound(NotFound):
    detail = "There is no such agent."


class Conflict(ServiceError):
    """The request contradicts what is there (409)."""


class UsernameTaken(Conflict):
    detail = "There is a user of this name already. Choose another name, or change that user."


class LastAdmin(Conflict):
    detail = "This is the last active admin. Make another user an admin first."


class PackageExists(Conflict):
    detail = (
        "A package with this name, version, platform and arch exists with other bytes; it stays as it was. "
        "Publish under another version, or delete it first."
    )


class PackagePinned(Conflict):
    """A channel names just this version, which then cannot be deleted."""

    def __init__(self, channel: str) -> None:
        super().__init__(f"The channel {channel} pins this version. Change the channel first, then delete the package.")


class PackageDamaged(ServiceError):
    """The row is there and its object is gone or damaged (502)."""

    detail = "The stored bytes of this package are missing or damaged. Upload the same file again to repair it."


# What the service stands on


class Unavailable(ServiceError):
    """PostgreSQL or storage does not answer or refuses (503). Transient: ask again."""


class DatabaseUnavailable(Unavailable):
    detail = "The database does not answer. Try again."


class StorageUnavailable(Unavailable):
    detail = "The storage does not answer. Try again."


class StorageFull(ServiceError):
    """The storage has no room left (507)."""

    detail = "The storage is full; nothing was stored. Free some room, then send it again."


class ObjectNotFound(ServiceError):
    """Storage only: no object under this key. What a client sees of it is PackageDamaged."""


class ObjectChanged(ServiceError):
    """Storage only: the object under this key is not the one that was written there."""
