"""What a load balancer, a cache or an error page answers in an S3's place is never taken for the S3's word."""

import pytest

from app.errors import StorageUnavailable
from app.storage.interface import WrittenObject
from app.storage.s3.account import S3Account
from app.storage.s3.storage import MinioStorage
from tests.integration.storage.operations import OPERATIONS
from tests.integration.storage.servers import saying, serving

PAGE = b"<html>We will be back soon</html>"
ERROR = b"<Error><Code>InternalError</Code></Error>"


def response(status: str, body: bytes, *headers: bytes) -> bytes:
    """A response with a length."""
    lines = [f"HTTP/1.1 {status}".encode(), b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


HTML = b"Content-Type: text/html"
FOREIGN = {
    "an HTML page": response("200 OK", PAGE, HTML),
    "a static HTML page, which has an entity tag": response("200 OK", PAGE, HTML, b'ETag: "5f3c-21"'),
    "a weak entity tag": response("200 OK", b"0123456789", b'ETag: W/"abc"'),
    "nothing": response("200 OK", b""),
    "an error document with 200": response("200 OK", ERROR, b"Content-Type: application/xml"),
    "a chunked body": b'HTTP/1.1 200 OK\r\nETag: "abc"\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n',
    "412 to all": response("412 Precondition Failed", PAGE),
    "416 to all": response("416 Range Not Satisfiable", PAGE),
    "304 to all": b"HTTP/1.1 304 Not Modified\r\n\r\n",
    "404 of a web server": response("404 Not Found", PAGE, HTML),
    "a redirect to a login": response("302 Found", b"", b"Location: /login"),
}
OF_THE_S3 = {("412 to all", "open"), ("416 to all", "open"), ("a chunked body", "write")}
"""What an S3 may say: to a read under If-Match that the object is another, which alone marks no damage; and a PUT's
answer has an ETag, and its body says nothing."""


@pytest.mark.parametrize(
    ("what", "operation"),
    [(what, operation) for what in FOREIGN for operation in OPERATIONS if (what, operation) not in OF_THE_S3],
)
def test_no_operation_succeeds_or_finds_damage(what: str, operation: str) -> None:
    """Each is unavailable, which is 503: neither done, nor "not found", nor "changed"."""
    with serving(saying(FOREIGN[what])) as endpoint:
        storage = MinioStorage(S3Account(endpoint, "access", "secret", "bucket"), may_create=lambda: False)
        storage._bucket_seen = True
        with pytest.raises(StorageUnavailable):
            OPERATIONS[operation](storage)
        storage.close()


ETAG = b'ETag: "abc"'
PIECE = response("206 Partial Content", b"2345", ETAG, b"Content-Range: bytes 2-5/10")


@pytest.mark.parametrize(
    ("start", "length", "answer"),
    [
        (1, 4, response("200 OK", b"0123456789", ETAG)),
        (1, 4, PIECE),
        (0, None, PIECE),
        (0, None, response("200 OK", b"012345", ETAG, b"Content-Range: bytes 0-5/10")),
    ],
)
def test_other_bytes_than_those_asked_for(start: int, length: int | None, answer: bytes) -> None:
    """A cache that ignores Range, or gives another range, would let wrong bytes look right."""
    with serving(saying(answer)) as endpoint:
        storage = MinioStorage(S3Account(endpoint, "access", "secret", "bucket"))
        with pytest.raises(StorageUnavailable):
            storage.open("k", expected=WrittenObject(10, "abc"), start=start, length=length)
        storage.close()
