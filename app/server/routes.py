"""Request classification: which paths are logins or uploads, by which the worker chooses threads and limits."""

from typing import Any

from gunicorn.util import unquote_to_wsgi_str

LOGINS = frozenset({"/api/v1/auth/login", "/ui/login"})
UPLOADS = "/api/v1/packages"
PIECES = "/api/v1/uploads"

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


def is_piece(request: Any) -> bool:
    """Whether the body is a piece of a package: a thread stores it as it comes, and ends it at once at SIGTERM."""
    path = path_of(request)
    if path == PIECES or path.startswith(f"{PIECES}/"):
        return request.method in ("POST", "PATCH")
    begins = request.method == "PUT" and path.startswith(f"{UPLOADS}/")
    return begins and any(name == "UPLOAD-COMPLETE" for name, _ in request.headers)


def gathered_limit(request: Any) -> int:
    """Bytes up to which the body is gathered. A piece never is, not even an empty one in chunks."""
    if is_piece(request):
        return -1
    return LOGIN_LIMIT if is_login(request) else SMALL
