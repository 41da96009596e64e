"""Request classification: which paths are logins or uploads, by which the worker chooses threads and limits."""

from typing import Any

from gunicorn.util import unquote_to_wsgi_str

LOGINS = frozenset({"/api/v1/auth/login"})
UPLOADS = "/api/v1/packages"

SMALL = 1 << 16
"""Bytes of a body that is gathered before a thread is taken."""
LOGIN_LIMIT = 1 << 20
"""The same of a login, as long as a JSON body may be: nobody without a token holds a thread that waits."""


def path_of(request: Any) -> str:
    """The path as the application routes it."""
    path: str = request.path
    return unquote_to_wsgi_str(path) if "%" in path else path


def is_login(request: Any) -> bool:
    """Whether a password is to be hashed."""
    return request.method == "POST" and path_of(request) in LOGINS


def is_upload(request: Any) -> bool:
    """Whether the body is a package, which may take packages.upload_timeout."""
    path = path_of(request)
    return path == UPLOADS if request.method == "POST" else request.method == "PUT" and path.startswith(f"{UPLOADS}/")


def gathered_limit(request: Any) -> int:
    """Bytes up to which the body is gathered. This is the place for a body that never is, whatever its length."""
    return LOGIN_LIMIT if is_login(request) else SMALL
