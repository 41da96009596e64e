"""S3 response: status and headers at once, the body from the connection."""

from app.storage.interface import WrittenObject
from app.storage.s3.connection import Connection
from app.storage.s3.connection_pool import ConnectionPool
from app.storage.s3.errors import unavailable
from app.storage.s3.response_body import framing_of
from app.storage.s3.response_head import ResponseHead

MAX_DOCUMENT = 8 * 1024 * 1024
"""Bytes of an XML body; a page of 1,000 multipart uploads is below 1 MiB."""


class S3Response:
    """The response to `method`; its body is read by `document()`, or by `read` and `splice_into` and then `finish`.

    Raises MalformedResponse where the body's length cannot be told.
    """

    def __init__(self, pool: ConnectionPool, connection: Connection, head: ResponseHead, method: str) -> None:
        self._pool = pool
        self._connection = connection
        self._framing = framing_of(head, method, connection)
        self._is_chunked = head.is_chunked
        self._may_be_kept = not head.ends_connection and (head.is_chunked or self._framing.left is not None)
        self.status = head.status
        self.headers = head.headers
        """Their names are in lower case."""

    @property
    def etag(self) -> str:
        """The strong ETag without its quotes, "" if there is none; an S3 has no weak ones."""
        etag = self.headers.get("etag", "")
        return "" if etag.startswith("W/") else etag.strip('"')

    @property
    def described(self) -> WrittenObject | None:
        """What the response, also one with a range, says of the whole object; None if it cannot be an S3's.

        An S3 tells a strong ETag and the size. A load balancer's page may do so, too, but is HTML; objects are stored
        without a type.
        """
        total = self.headers.get("content-range", "").rpartition("/")[2] or self.headers.get("content-length", "")
        if not self.etag or not total.isdecimal() or self._is_chunked or self.is_page:
            return None
        return WrittenObject(int(total), self.etag)

    @property
    def is_page(self) -> bool:
        """Whether the body is HTML, which no S3 sends."""
        return "text/html" in self.headers.get("content-type", "").lower()

    def has_range(self, start: int, length: int) -> bool:
        """Whether the body is just these bytes of the object."""
        if self.status == 206:
            return self.headers.get("content-range", "").startswith(f"bytes {start}-{start + length - 1}/")
        return self._framing.left == length and start == 0

    def set_read_timeout(self, seconds: float) -> None:
        """From now on wait at most `seconds` for each piece of the body."""
        if self._framing.left != 0:
            self._connection.set_read_timeout(seconds)

    def read(self, size: int) -> bytes:
        """Up to `size` bytes of the body; b"" at its end, and where the connection ends. Raises StorageUnavailable."""
        try:
            wanted = self._framing.next(size)
            block = self._connection.read(wanted) if wanted else b""
            self._framing.taken(len(block))
        except OSError as error:
            raise unavailable(error) from error
        return block

    @property
    def can_splice(self) -> bool:
        """Whether splicing is worth it: from a plain socket that is kept, and a body of known length."""
        return self._connection.is_plain and self._may_be_kept and self._framing.left is not None

    def splice_into(self, pipe: int, size: int) -> int:
        """Move up to `size` bytes of the body into an empty pipe; 0 where `read` gives b"". Raises as `read` does."""
        try:
            wanted = self._framing.next(size)
            count = self._connection.splice(pipe, wanted) if wanted else 0
            self._framing.taken(count)
        except OSError as error:
            raise unavailable(error) from error
        return count

    def document(self) -> bytes:
        """All of a small body within the request's deadline; the connection is kept.

        Raises StorageUnavailable, also if the body is cut short.
        """
        document = b""
        try:
            while block := self.read(MAX_DOCUMENT - len(document)):
                document += block
            if self._framing.left != 0:
                raise unavailable(ConnectionResetError("the connection was closed within an answer"))
        finally:
            self.finish()
        return document

    def finish(self) -> None:
        """Keep the connection if the body was read to its end, close it otherwise."""
        if self._may_be_kept and self._framing.left == 0 and not self._connection.has_unread:
            self._connection.end_splicing()
            self._pool.give_back(self._connection)
        else:
            self._connection.close()
