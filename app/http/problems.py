"""Every error as `application/problem+json` (RFC 9457), and the one table from domain errors to statuses."""

import logging
from http import HTTPStatus
from typing import Any

import orjson
from flask import Flask, Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from app import errors
from app.http import routes
from app.telemetry.request_id import request_id

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = "2"
"""Seconds after which a client should try a 503 again."""

PROBLEMS: dict[type[errors.ServiceError], tuple[int, str, str]] = {
    errors.BadRequest: (400, "bad-request", "The request is malformed"),
    errors.Unauthorized: (401, "unauthorized", "A valid token is needed"),
    errors.WrongCredentials: (401, "login-failed", "The login failed"),
    errors.Forbidden: (403, "forbidden", "The role does not allow this"),
    errors.CrossOrigin: (403, "cross-origin", "The request comes from another site"),
    errors.NotFound: (404, "not-found", "Not found"),
    errors.UploadTimedOut: (408, "upload-timeout", "The upload took too long"),
    errors.Conflict: (409, "conflict", "Conflict with what is there"),
    errors.PackageExists: (409, "package-exists", "The package exists with other bytes"),
    errors.WrongOffset: (409, "wrong-offset", "The upload stands elsewhere"),
    errors.UploadGone: (410, "upload-gone", "The upload has ended"),
    errors.LengthRequired: (411, "length-required", "A length is required"),
    errors.PreconditionFailed: (412, "precondition-failed", "Precondition failed"),
    errors.UnknownVersion: (412, "unknown-version", "This version of tus is not spoken"),
    errors.TooLarge: (413, "too-large", "The body is too large"),
    errors.UnsupportedMediaType: (415, "unsupported-media-type", "The Content-Type is not supported"),
    errors.Invalid: (422, "invalid", "Fields or parameters are not valid"),
    errors.PackageRefused: (422, "package-exists", "The package exists with other bytes"),
    errors.DigestMismatch: (422, "digest-mismatch", "The bytes are not those declared"),
    errors.TooManyLogins: (429, "too-many-logins", "Too many failed logins"),
    errors.TooManyUploads: (429, "too-many-uploads", "Too many open uploads"),
    errors.ChecksumMismatch: (460, "checksum-mismatch", "The bytes are not those declared"),
    errors.PackageDamaged: (502, "package-damaged", "The stored bytes are damaged"),
    errors.Unavailable: (503, "unavailable", "Something the service stands on does not answer"),
    errors.Overloaded: (503, "overloaded", "Too much at once"),
    errors.StorageFull: (507, "storage-full", "The storage is full"),
}

log = logging.getLogger(__name__)


def problem(status: int, name: str, title: str, detail: str, **members: Any) -> Response:
    """A problem response; `members` become extension members."""
    body = {
        "type": f"urn:opamp-packages:problem:{name}",
        "title": title,
        "status": status,
        "detail": detail,
        "request_id": request_id(),
        **members,
    }
    return Response(orjson.dumps(body, option=orjson.OPT_APPEND_NEWLINE), status, content_type=MEDIA_TYPE)


def service_problem(error: errors.ServiceError) -> Response:
    """The problem for a domain error, by the nearest of its classes in the table."""
    entry = next((PROBLEMS[kind] for kind in type(error).__mro__ if kind in PROBLEMS), None)
    if entry is None:
        return unexpected_problem(error)
    members: dict[str, Any] = {"errors": error.errors} if isinstance(error, errors.Invalid) else {}
    response = problem(*entry, error.detail, **members)
    _add_headers(response, error)
    return response


def status_of(error: errors.ServiceError) -> int:
    """The status that tells of a domain error."""
    return next((PROBLEMS[kind][0] for kind in type(error).__mro__ if kind in PROBLEMS), 500)


def _add_headers(response: Response, error: errors.ServiceError) -> None:
    match error:
        case errors.TokenRefused():
            challenge = f'Bearer error="invalid_token", error_description="{error.description}"'
            response.headers["WWW-Authenticate"] = challenge
        case errors.Unauthorized():
            response.headers["WWW-Authenticate"] = "Bearer"
        case errors.TooManyLogins():
            response.headers["Retry-After"] = str(error.retry_after)
        case errors.Unavailable():
            response.headers["Retry-After"] = RETRY_AFTER


def http_problem(error: HTTPException) -> Response:
    """The problem for what werkzeug or Flask raises."""
    status = HTTPStatus(error.code or 500)
    name = status.phrase.lower().replace(" ", "-").replace("'", "")
    detail = routes.detail(error) or error.description or status.description
    response = problem(status, name, status.phrase, detail)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


def unexpected_problem(error: Exception) -> Response:
    """A 500 that says nothing of the inside; the log has the rest under the same request id."""
    log.error("unexpected error", exc_info=error)
    detail = "Something went wrong inside the service. Report it with the request id."
    return problem(500, "internal", "Internal error", detail)


def register(app: Flask) -> None:
    """Answer every error of `app` as a problem."""
    app.register_error_handler(errors.ServiceError, service_problem)
    app.register_error_handler(HTTPException, http_problem)
    app.register_error_handler(Exception, unexpected_problem)
