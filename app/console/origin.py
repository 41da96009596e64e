"""Cross-origin requests: who may POST, by Fetch Metadata, or by Origin where a browser sends none of that.

Instead of tokens in forms: pages never go stale, and may be compressed. Browsers send no Fetch Metadata over plain
http to another host than localhost.
"""

from urllib.parse import urlsplit

from flask import request

from app.config import Config
from app.errors import CrossOrigin
from app.http.services import get

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OWN_SITES = frozenset({"same-origin", "none"})


def refuse_cross_origin() -> None:
    """Return if the request changes nothing or comes from a page of ours. Raises CrossOrigin."""
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site in OWN_SITES if site is not None else request.headers.get("Origin") in _own_origins():
        return
    raise CrossOrigin


def _own_origins() -> set[str]:
    public = urlsplit(get(Config).server.public_url)
    return {f"{public.scheme}://{public.netloc}", f"{request.scheme}://{request.host}"}
