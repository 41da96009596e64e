"""Error translation: from an S3's error codes to ours. What is neither "no such key" nor "full" is unavailable."""

import xml.etree.ElementTree as ET

from app.errors import ObjectChanged, ObjectNotFound, ServiceError, StorageDenied, StorageFull, StorageUnavailable
from app.storage.s3.request import S3Request

FULL = frozenset({"XMinioStorageFull", "QuotaExceeded", "XMinioAdminBucketQuotaExceeded"})

NO_ROOM = ("no space left on device", "disk quota exceeded")
"""What MinIO says in the message of an InternalError when the disk becomes full during a write."""


class NoSuchUpload(StorageUnavailable):
    """The multipart upload is not there (any more)."""

    detail = "The storage has lost the upload. Send it again."


class InvalidPart(StorageUnavailable):
    """A part is not the one that was stored, or is not there."""

    detail = "The storage has other parts of the upload than those that were sent. Send it again."


class NoSuchBucket(StorageUnavailable):
    """The bucket is not there; its objects may be lost, so this is never "not found"."""

    detail = "The storage's bucket does not exist."


class BucketExists(StorageUnavailable):
    """Somebody, most likely another worker, has made the bucket already."""


MEANINGS: dict[str, type[ServiceError]] = {
    "NoSuchKey": ObjectNotFound,
    "NoSuchUpload": NoSuchUpload,
    "InvalidPart": InvalidPart,
    "NoSuchBucket": NoSuchBucket,
    "BucketAlreadyOwnedByYou": BucketExists,
}


def elements(document: bytes) -> dict[str, str]:
    """The text of the top level elements of an XML document, by name without namespace; {} if it is no XML."""
    return _texts(_root(document))


def elements_of_each(name: str, document: bytes) -> list[dict[str, str]]:
    """The same for every top level element of this name."""
    return [_texts(child) for child in _root(document) if _local_name(child) == name]


def _root(document: bytes) -> ET.Element:
    try:
        return ET.fromstring(document)  # noqa: S314 - from the storage that we trust with the bytes
    except ET.ParseError:
        return ET.Element("nothing")


def _texts(element: ET.Element) -> dict[str, str]:
    return {_local_name(child): child.text or "" for child in element}


def _local_name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def refusal(request: S3Request, status: int, document: bytes) -> ServiceError:
    """What a response of `status` with this XML body means. Only the code is shown, never the S3's message."""
    error = elements(document)
    code = error.get("Code", "")
    if status in {412, 416} and "if-match" in request.headers:
        return ObjectChanged("The object is not the one that was written.")
    if code in FULL or status == 507 or any(words in error.get("Message", "") for words in NO_ROOM):
        return StorageFull()
    if code in MEANINGS and (code != "NoSuchKey" or request.method in {"GET", "HEAD", "DELETE"}):
        return MEANINGS[code]()
    kind = StorageDenied if code == "AccessDenied" else StorageUnavailable
    return kind(f"The storage refused with {status} {code}".rstrip() + ". Try again.")


def foreign_response() -> StorageUnavailable:
    """What a success means that does not say what an S3's says: a load balancer or an error page has answered."""
    return StorageUnavailable("The answer is not an S3's. Does something else answer in its place?")


def unavailable(error: BaseException) -> StorageUnavailable:
    """What a failure on the way to the storage means to a client."""
    if isinstance(error, TimeoutError):
        return StorageUnavailable("The storage does not answer in time. Try again.")
    return StorageUnavailable("The connection to the storage failed. Try again.")
