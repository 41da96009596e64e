"""Errors of who asks: no token or one that does not count, a role that is too low, too many logins."""

from app.errors.base import ServiceError


class Unauthorized(ServiceError):
    """No token, or one that does not count (401)."""

    detail = "Send a token as 'Authorization: Bearer …'; POST /api/v1/auth/login makes one."


class TokenRefused(Unauthorized):
    """A token that does not count; `description` says why in the challenge (RFC 6750, 3)."""

    description = "The token does not count"


class MalformedToken(TokenRefused):
    """Not a token of this service."""

    description = "The token is malformed"

    detail = "The token is malformed, or is not one of this service's. POST /api/v1/auth/login makes one."


class TokenExpired(TokenRefused):
    """A token of this service whose time is over."""

    description = "The token has expired"

    detail = "The token has expired. POST /api/v1/auth/login makes another one."


class TokenEnded(TokenRefused):
    """A token of this service that was ended: revoked, of a changed password, of a user disabled or removed."""

    description = "The token has been revoked"

    detail = "The token has been revoked, or its user has been disabled or removed, or has another password."


class WrongCredentials(Unauthorized):
    """A login with a name or a password that is wrong, or of a disabled user (401); it does not say which."""

    detail = "The user name or the password is wrong."


class Forbidden(ServiceError):
    """The role is too low (403)."""


class CrossOrigin(ServiceError):
    """A page of another site has a browser send this (403)."""

    detail = (
        "This comes from another site, or from no page at all, and nothing was done. Open the page anew, by the "
        "service's own address, and try again."
    )


class PackageBlocked(Forbidden):
    """An enforced policy's signature is missing: only publishers have the package's bytes."""

    detail = "This package is blocked: it lacks a signature that a policy asks for. Its bytes need the role publisher."


class TooManyLogins(ServiceError):
    """Failed logins of one name from one address (429); `retry_after` in seconds."""

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(f"Too many failed logins for this user name. Try again in {retry_after} seconds.")
