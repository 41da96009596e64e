"""Sending a package as a download, in the way that `packages.delivery` says."""

import functools
from urllib.parse import SplitResult

from flask import Response

from app.http.downloads.content_disposition import attachment
from app.http.downloads.offload import hand_over_download, must_stream, redirect_download
from app.http.downloads.response import Download, send_object
from app.packages.reader import PackageReader, refuse_damaged
from app.packages.store import PackageRow
from app.storage.interface import Presigner


class PackageSender:
    """Answers downloads: with the bytes, or with where they are."""

    def __init__(self, reader: PackageReader, presigner: Presigner | None, delivery: str) -> None:
        """`presigner`: None where the service sends the bytes itself."""
        self.reader = reader
        self.presigner = presigner
        self.delivery = delivery

    def send(self, package: PackageRow) -> Response:
        """The package's bytes as the request's conditions and range ask for them, or where they are.

        Raises PackageDamaged; and where the bytes go through the service, PackageNotFound if it was deleted
        meanwhile and StorageUnavailable: all before a header is sent.
        """
        refuse_damaged(package)
        download = Download(
            file_name=package.file_name,
            content_type=package.content_type,
            size=package.file_size,
            checksum=package.checksum,
            last_modified=package.created_at,
        )
        if self.presigner is not None:
            sign = functools.partial(fetch_url, self.presigner, package)
            if self.delivery == "redirect":
                return redirect_download(download, sign)
            if not must_stream():
                return hand_over_download(download, sign, package.fingerprint)
        return send_object(download, functools.partial(self.reader.open, package))


def fetch_url(presigner: Presigner, package: PackageRow) -> SplitResult:
    """A presigned URL that answers with the package's own file name and content type."""
    return presigner.fetch_url(
        package.object_key, disposition=attachment(package.file_name), content_type=package.content_type
    )
