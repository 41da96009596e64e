"""A package as a download."""

from flask import Response

from app.http.downloads import Download, send_object
from app.packages.reader import refuse_damaged
from app.packages.store import PackageRow
from app.wiring import services


def send_package(package: PackageRow) -> Response:
    """The package's bytes as the request's conditions and range ask for them.

    The object is opened only when bytes are to be sent. Raises PackageDamaged, PackageNotFound if it was deleted
    meanwhile, StorageUnavailable: all before a header is sent.
    """
    refuse_damaged(package)
    download = Download(
        file_name=package.file_name,
        content_type=package.content_type,
        size=package.file_size,
        checksum=package.checksum,
        last_modified=package.created_at,
    )
    reader = services().packages.reader
    return send_object(download, lambda start, length: reader.open(package, start, length))
