"""Offloaded downloads: redirect to a presigned URL, or X-Accel-Redirect for nginx (`packages.delivery`)."""

from collections.abc import Callable
from urllib.parse import SplitResult

from flask import Response, request

from app.http.downloads.conditions import Validators, has_current_tag
from app.http.downloads.response import Download, answer_download, not_modified

INTERNAL_LOCATION = "/_s3"
"""The location of deploy/nginx.conf that fetches from the S3. Clients cannot ask for it."""

FetchUrl = Callable[[], SplitResult]
"""Makes a presigned URL of the object, with its file name and content type."""


def redirect_download(download: Download, fetch_url: FetchUrl) -> Response:
    """302 to the S3, 304 by our own entity tag; ranges and other conditions are left to the S3.

    HEAD is answered here: the URL is signed for GET alone.
    """
    if request.method == "HEAD":
        return answer_download(download, lambda _: Response())
    if has_current_tag(request.headers, Validators.of(download.checksum, download.last_modified)):
        return not_modified(download)
    response = Response(status=302)
    response.headers["Location"] = fetch_url().geturl()
    # Whoever has the URL has the bytes for a while: it belongs into no cache and no Referer.
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def hand_over_download(download: Download, fetch_url: FetchUrl, fingerprint: str) -> Response:
    """Decide the request, and let nginx fetch the bytes: see the location of INTERNAL_LOCATION.

    The S3 is asked for the object only if it is the one with `fingerprint`.
    """

    def headers_for_nginx(part: range | None) -> Response:
        url = fetch_url()
        response = Response()
        response.headers["X-Accel-Redirect"] = f"{INTERNAL_LOCATION}{url.path}?{url.query}"
        response.headers["X-S3-Host"] = url.netloc
        response.headers["X-S3-If-Match"] = f'"{fingerprint}"'
        if part is not None:
            response.headers["X-S3-Range"] = f"bytes={part.start}-{part.stop - 1}"
        return response

    return answer_download(download, headers_for_nginx)


def must_stream() -> bool:
    """Whether nginx asks this process for the bytes, or for the reason, since the S3 has refused it.

    deploy/nginx.conf strips the header from clients. One that sends it past nginx gets what it is entitled to.
    """
    return request.environ.get("HTTP_X_DELIVERY") == "stream"
