"""A package as a download, in the way that `packages.delivery` says."""

import functools
from urllib.parse import SplitResult

from flask import Response

from app.http.downloads.content_disposition import attachment
from app.http.downloads.offload import hand_over_download, is_left_to_us, redirect_download
from app.http.downloads.response import Download, send_object
from app.packages.reader import refuse_damaged
from app.packages.store import PackageRow
from app.storage.s3.presign import Presigner
from app.wiring import services


def send_package(package: PackageRow) -> Response:
    """The package's bytes as the request's conditions and range ask for them, or where they are.

    Raises PackageDamaged; and where the bytes go through the service, PackageNotFound if it was deleted meanwhile
    and StorageUnavailable: all before a header is sent.
    """
    refuse_damaged(package)
    download = Download(
        file_name=package.file_name,
        content_type=package.content_type,
        size=package.file_size,
        checksum=package.checksum,
        last_modified=package.created_at,
    )
    parts, delivery = services().packages, services().config.packages.delivery
    if parts.presigner is not None:
        sign = functools.partial(fetch_url, parts.presigner, package)
        if delivery == "redirect":
            return redirect_download(download, sign)
        if not is_left_to_us():
            return hand_over_download(download, sign, package.fingerprint)
    return send_object(download, functools.partial(parts.reader.open, package))


def fetch_url(presigner: Presigner, package: PackageRow) -> SplitResult:
    """A presigned URL that answers with the package's own file name and content type."""
    return presigner.fetch_url(
        package.object_key, disposition=attachment(package.file_name), content_type=package.content_type
    )
