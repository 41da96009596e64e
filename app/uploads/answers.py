"""The headers of answers about an upload."""

import time
from datetime import UTC
from email.utils import format_datetime

from flask import Response, after_this_request, request

from app.config import Config
from app.http.services import get
from app.uploads.dialects import TUS_VERSION
from app.uploads.reception import Reception
from app.uploads.upload import Upload


def tell(reception: Reception, *, location: bool = False) -> None:
    """Let this request's answer, whatever it is, say how far the upload is by then."""

    def add(response: Response) -> Response:
        for name, text in upload_headers(reception.upload).items():
            response.headers.setdefault(name, text)
        if location:
            response.headers.setdefault("Location", upload_url(reception.upload.id))
        return response

    after_this_request(add)


def upload_headers(upload: Upload) -> dict[str, str]:
    """What all answers about the upload carry."""
    is_done = upload.state == "done"
    seconds = max(0, int(upload.expires_at.timestamp() - time.time()))
    headers = {
        "Upload-Offset": str(upload.offset),
        "Upload-Length": str(upload.length),
        "Upload-Complete": "?1" if is_done else "?0",
        "Upload-Expires": format_datetime(upload.expires_at.astimezone(UTC), usegmt=True),
        "Upload-Limit": upload_limit(seconds),
        "Cache-Control": "no-store",
    }
    if is_done and upload.package_id is not None:
        headers["Content-Location"] = package_url(upload.package_id)
    return headers


def tell_version() -> None:
    """Let this request's answer say the version of tus, if it is of tus or ought to be."""

    def add(response: Response) -> Response:
        if "Tus-Resumable" in request.headers:
            response.headers["Tus-Resumable"] = TUS_VERSION
        if response.status_code == 412:
            response.headers["Tus-Version"] = TUS_VERSION
        return response

    after_this_request(add)


def upload_limit(seconds: int) -> str:
    """Upload-Limit: bytes of a file, and seconds that an upload has."""
    return f"max-size={get(Config).packages.max_size}, max-age={seconds}"


def upload_url(upload_id: str) -> str:
    """Where an upload is."""
    return f"{get(Config).server.public_url.rstrip('/')}/api/v1/uploads/{upload_id}"


def package_url(package_id: int) -> str:
    """Where a package is."""
    return f"{get(Config).server.public_url.rstrip('/')}/api/v1/packages/{package_id}"
