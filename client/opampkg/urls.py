"""URLs of servers, and their origins (RFC 6454)."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from opampkg import errors


def checked(server: str) -> SplitResult:
    """The server's URL. Raises WrongUsage."""
    url = urlsplit(server)
    try:
        is_right = url.scheme in ("http", "https") and url.hostname and not (url.query or url.fragment or url.username)
        _ = url.port
    except ValueError:
        is_right = False
    if not is_right:
        raise errors.WrongUsage(f"The server is to be a URL such as https://packages.example.com, not {server!r}.")
    return url


def origin(url: SplitResult) -> tuple[str, str, int]:
    """Scheme, host and port."""
    return url.scheme, (url.hostname or "").lower(), url.port or (443 if url.scheme == "https" else 80)


def target(url: SplitResult) -> str:
    """Path and query."""
    return (url.path or "/") + (f"?{url.query}" if url.query else "")
