"""What an S3 answers: status and headers at once, the body from the connection."""

import os

from app.storage.s3.connection import READ_AHEAD, Connection
from app.storage.s3.connection_pool import ConnectionPool
from app.storage.s3.errors import unavailable
from app.storage.s3.response_body import body_of
from app.storage.s3.response_head import AnswerHead

LARGEST_DOCUMENT = 8 * 1024 * 1024
"""Bytes of an XML answer; a page of 1,000 multipart uploads is below 1 MiB."""


class S3Answer:
    """Status and headers of an answer to `method`; its body is read by `document()`, or by `read` and then `finish`.

    Raises MalformedAnswer where the body's length cannot be told.
    """

    def __init__(self, pool: ConnectionPool, connection: Connection, head: AnswerHead, method: str) -> None:
        self._pool = pool
        self._connection = connection
        self._body = body_of(head, method, connection)
        self._may_be_kept = not head.ends_connection and (head.is_chunked or self._body.left is not None)
        self.status = head.status
        self.headers = head.headers
        """Their names are in lower case."""

    @property
    def etag(self) -> str:
        """The ETag without its quotes."""
        return self.headers.get("etag", "").strip('"')

    @property
    def complete_length(self) -> int:
        """The whole object's size in bytes, also if the answer has a range of it; -1 if it is not told."""
        total = self.headers.get("content-range", "").rpartition("/")[2]
        total = total or self.headers.get("content-length", "")
        return int(total) if total.isdecimal() else -1

    def wait_for_bytes(self, seconds: float) -> None:
        """From now on wait at most `seconds` for each piece of the body."""
        if self._body.left != 0:
            self._connection.wait_for_bytes(seconds)

    def read(self, size: int) -> bytes:
        """Up to `size` bytes of the body; fewer at its end, and where the storage stands still."""
        try:
            return self._body.read(size)
        except OSError as error:
            raise unavailable(error) from error

    @property
    def can_splice(self) -> bool:
        """Whether the kernel can move the body without us: on a plain socket that is kept, and of known length."""
        return self._connection.is_plain and self._may_be_kept and self._body.left is not None

    def splice(self, pipe: int, size: int) -> int:
        """Move up to `size` bytes of the body into an empty pipe (splice(2), where that can be); 0 at its end.

        Raises StorageUnavailable, also where the storage stands still.
        """
        if not self.can_splice:
            return os.write(pipe, self.read(min(size, READ_AHEAD)))
        try:
            ahead = self._connection.read_ahead(size)
            count = os.write(pipe, ahead) if ahead else self._connection.splice(pipe, size)
        except OSError as error:
            raise unavailable(error) from error
        self._body.left = (self._body.left or 0) - count
        return count

    def document(self) -> bytes:
        """All of a small body; the connection is kept. Raises StorageUnavailable, also if the body is cut short."""
        document = b""
        try:
            while block := self.read(LARGEST_DOCUMENT - len(document)):
                document += block
            if self._body.left != 0:
                raise unavailable(ConnectionResetError("the connection was closed within an answer"))
        finally:
            self.finish()
        return document

    def finish(self) -> None:
        """Keep the connection if the body was read to its end, close it otherwise."""
        if self._may_be_kept and self._body.left == 0 and self._connection.is_left_clean:
            self._connection.end_splicing()
            self._pool.give_back(self._connection)
        else:
            self._connection.close()
