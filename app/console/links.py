"""Links and redirects within the console, below the path that `server.public_url` may have."""

import functools
import re
from typing import Any
from urllib.parse import quote, urlsplit

from flask import Response, request, url_for

from app.config import Config
from app.http.services import get

WITHIN = re.compile(r"/ui/(?!/)[!-\[\]-~]*", re.ASCII)
"""A path under /ui/ in printable ASCII without space and backslash."""

ASCENT = re.compile(r"(^|/)(\.|%2e){1,2}(/|$)", re.ASCII | re.IGNORECASE)

_IN_PATH = "/:@!$&'()*+,;="
_IN_QUERY = _IN_PATH + "?%"
"""What stays as it is (RFC 3986, 3.3 and 3.4); a query comes encoded already."""


@functools.lru_cache(maxsize=16)
def _prefix_of(public_url: str) -> str:
    return urlsplit(public_url).path


def prefix() -> str:
    """The path that a proxy has in front of ours: what stands before every link, redirect and cookie path."""
    return _prefix_of(get(Config).server.public_url)


def public(path: str) -> str:
    """The whole URL of a path of the service, as others reach it."""
    return f"{get(Config).server.public_url}{path}"


def link(endpoint: str, **values: Any) -> str:
    """The path of a page by its function's name; `values` that are no part of the path become the query."""
    return prefix() + url_for(f"console.{endpoint}", **{name: value for name, value in values.items() if value != ""})


def this_page() -> str:
    """Path and query of this request as they stand in a URL: what `within` takes as the way back (RFC 3986, 2.1)."""
    query = quote(request.query_string, safe=_IN_QUERY)
    return quote(request.path, safe=_IN_PATH) + (f"?{query}" if query else "")


def home() -> str:
    """The path of the overview."""
    return f"{prefix()}/ui/"


def see(endpoint: str, **values: Any) -> Response:
    """303 to a page: what a POST ends with."""
    return see_path(link(endpoint, **values)[len(prefix()) :])


def see_path(path: str) -> Response:
    """303 to a path of the service."""
    return Response(status=303, headers={"Location": prefix() + path})


def within(target: str) -> str:
    """`target` if it is a path under /ui/, else /ui/: where a login may lead."""
    path = target.partition("?")[0]
    is_ours = WITHIN.fullmatch(target) and "//" not in path and not ASCENT.search(path)
    return target if is_ours else "/ui/"
