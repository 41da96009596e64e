"""HTTP/1.1 protocol: the head of a response, its status line and headers (RFC 9112, 4 and 5).

Not http.client's: its headers go through the parser of e-mails, 0.1 ms for each response of an S3 and several times
that after each part of an upload.
"""

import re
from dataclasses import dataclass

from app.storage.s3.connection import Connection
from app.storage.s3.deadline import ProgressDeadline

_HEAD_END = b"\r\n\r\n"
_STATUS_LINE = re.compile(r"HTTP/1\.([01]) ([1-5][0-9]{2})(?: .*)?")


class MalformedResponse(ConnectionError):
    """What came is no response of HTTP/1, so the connection is of no more use."""


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """Status and headers, their names in lower case; the values of repeated headers are joined by commas."""

    status: int
    headers: dict[str, str]
    is_http_1_0: bool
    """HTTP/1.0 ends the connection with each response."""

    @property
    def ends_connection(self) -> bool:
        """Whether the server closes after this response."""
        return self.is_http_1_0 or "close" in self.headers.get("connection", "").lower()

    @property
    def is_chunked(self) -> bool:
        """Whether the body comes in chunks."""
        return "chunked" in self.headers.get("transfer-encoding", "").lower()

    def length(self, method: str) -> int | None:
        """Bytes of the body of a response to `method` (RFC 9112, 6.3); None if its end will tell."""
        if method == "HEAD" or self.status in {204, 304}:
            return 0
        text = self.headers.get("content-length")
        if self.is_chunked or text is None:
            return None
        if not (text.isascii() and text.isdecimal()):
            raise MalformedResponse(f"a Content-Length of {text[:40]!r}")
        return int(text)


def receive_head(connection: Connection, deadline: ProgressDeadline) -> ResponseHead:
    """Wait for the head of the response; interim ones (1xx) are skipped, and are no progress. Raises OSError.

    From the head on there is the same time once more for all of a document, however slowly it comes.
    """
    connection.set_read_deadline(deadline)
    while (head := parse_head(connection.read_until(_HEAD_END))).status < 200:
        deadline.remaining()
    deadline.reset()
    return head


def parse_head(block: bytes) -> ResponseHead:
    """The head that `block` holds, without the empty line at its end. Raises MalformedResponse."""
    status_line, *lines = block.decode("latin-1").split("\r\n")
    status = _STATUS_LINE.fullmatch(status_line)
    if status is None:
        raise MalformedResponse(f"a response that begins with {status_line[:40]!r}")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, text = line.partition(":")
        if not colon or not name or name != name.strip():
            raise MalformedResponse(f"a header line that begins with {line[:40]!r}")
        name, text = name.lower(), text.strip()
        headers[name] = f"{headers[name]}, {text}" if name in headers else text
    return ResponseHead(int(status[2]), headers, status[1] == "0")
