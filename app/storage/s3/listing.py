"""ListObjectsV2 of S3: a bucket's objects, page by page."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import unquote_plus

from app.errors import StorageUnavailable
from app.storage.interface import OBJECTS, ListedObject
from app.storage.s3.client import S3Client
from app.storage.s3.deadline import ProgressDeadline
from app.storage.s3.errors import elements, elements_of_each
from app.storage.s3.request import S3Request
from app.storage.s3.response import S3Response


def list_objects(client: S3Client, page_size: int) -> Iterator[list[ListedObject]]:
    """The pages of all objects below OBJECTS. Raises StorageUnavailable, also for what is no listing."""
    # Keys may hold what XML cannot, so they come percent-encoded where the S3 knows how.
    query = {"list-type": "2", "prefix": OBJECTS, "encoding-type": "url", "max-keys": str(page_size)}
    while True:
        # A large cluster puts a page together from all its disks.
        response = client.send(S3Request("GET", query=query, deadline=ProgressDeadline(is_alive=client.is_alive)))
        document = response.document()
        page = elements(document)
        try:
            yield _objects(document, now=_date(response), is_encoded=page.get("EncodingType") == "url")
            if page["IsTruncated"] != "true":
                return
            query["continuation-token"] = page["NextContinuationToken"]
        except (KeyError, ValueError) as error:
            raise StorageUnavailable("The storage gave no list of its objects. Is this an S3?") from error


def _objects(document: bytes, now: datetime, *, is_encoded: bool) -> list[ListedObject]:
    listed = []
    for entry in elements_of_each("Contents", document):
        key = unquote_plus(entry["Key"]) if is_encoded else entry["Key"]
        age = (now - datetime.fromisoformat(entry["LastModified"])).total_seconds()
        listed.append(ListedObject(key, int(entry["Size"]), max(0.0, age)))
    return listed


def _date(response: S3Response) -> datetime:
    """The S3's own clock, which its objects' times are of."""
    date = response.headers.get("date")
    return parsedate_to_datetime(date) if date else datetime.now(UTC)
