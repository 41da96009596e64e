"""What an S3 answers: status and headers at once, the body from the connection."""

import http.client
import os

from app.storage.connections import FAILURES, Connection, ConnectionPool
from app.storage.s3_errors import unavailable

LARGEST_DOCUMENT = 8 * 1024 * 1024
"""Bytes of an XML answer; a page of 1,000 multipart uploads is below 1 MiB."""

READ_AHEAD = 8192
"""Bytes of the body that http.client may have taken along with the head."""


class S3Answer:
    """Status and headers of an answer; its body is read by `document()`, or by `read` and at last `finish`."""

    def __init__(self, pool: ConnectionPool, connection: Connection, response: http.client.HTTPResponse) -> None:
        self._pool = pool
        self._connection = connection
        self._response = response
        self._is_ahead = True
        self.status = response.status
        self.headers = response.headers

    @property
    def etag(self) -> str:
        """The ETag without its quotes."""
        return str(self.headers.get("ETag", "")).strip('"')

    @property
    def complete_length(self) -> int:
        """The whole object's size in bytes, also if the answer has a range of it; -1 if it is not told."""
        total = self.headers.get("Content-Range", "").rpartition("/")[2]
        total = total or self.headers.get("Content-Length", "")
        return int(total) if total.isdecimal() else -1

    def wait_for_bytes(self, seconds: float) -> None:
        """From now on wait at most `seconds` for each piece of the body."""
        self._connection.wait_for_bytes(seconds)

    def read(self, size: int) -> bytes:
        """Up to `size` bytes of the body; fewer at its end, and where the storage stands still."""
        try:
            return self._response.read(size) or b""
        except FAILURES as error:
            raise unavailable(error) from error

    @property
    def can_splice(self) -> bool:
        """Whether the kernel can move the body without us: on a plain socket, and as long as the head says."""
        return self._connection.has_plain_socket and self._response.length is not None

    def splice(self, pipe: int, size: int) -> int:
        """Move up to `size` bytes of the body into an empty pipe (splice(2), where that can be); 0 at its end.

        Raises StorageUnavailable, also where the storage stands still.
        """
        try:
            if self._is_ahead or not self.can_splice:
                self._is_ahead = False
                return os.write(pipe, self._response.read1(min(size, READ_AHEAD)))
            count = self._connection.splice(pipe, size)
        except FAILURES as error:
            raise unavailable(error) from error
        self._passed_by(count)
        return count

    def _passed_by(self, count: int) -> None:
        """Let http.client know of bytes that it has not seen."""
        self._response.length = (self._response.length or 0) - count
        if not self._response.length:
            self._response.read(1)  # at the end it notes that the answer is over

    def document(self) -> bytes:
        """All of a small body; the connection is kept."""
        document = self.read(LARGEST_DOCUMENT)
        self.finish()
        return document

    def finish(self) -> None:
        """Keep the connection if the body was read to its end, close it otherwise."""
        whole = self._response.isclosed() and not self._response.will_close
        self._response.close()
        if whole:
            self._pool.give_back(self._connection)
        else:
            self._connection.close()
