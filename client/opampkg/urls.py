"""URLs: of servers, with their origins (RFC 6454), and of what is asked of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit

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


def segment(text: str) -> str:
    """A text as one segment of a path."""
    return quote(text, safe="")


def release_path(name: str, version: str) -> str:
    """Where a release is."""
    return f"/releases/{segment(name)}/{segment(version)}"


def query(filters: Mapping[str, Any]) -> dict[str, str]:
    """Filters as parameters, those that are None left out."""
    shown = {name: str(value).lower() if isinstance(value, bool) else value for name, value in filters.items()}
    return {name: str(value) for name, value in shown.items() if value is not None}


def next_cursor(link: str) -> str | None:
    """The cursor of the next page; its host is the service's public one, which may not be ours."""
    if 'rel="next"' not in link:
        return None
    url = urlsplit(link[link.index("<") + 1 : link.index(">")])
    return dict(parse_qsl(url.query)).get("cursor")
