"""An HTTP client on a bare socket: it sends what it is told, and reads answers strictly."""

import json
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

STARTING = 60.0


def listening() -> socket.socket:
    """A listening socket on a free port of 127.0.0.1."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    listener.listen(512)
    listener.set_inheritable(True)
    return listener


@dataclass
class Reply:
    """An answer, read to its end."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def closes(self) -> bool:
        """Whether the server says that it closes the connection."""
        return self.headers.get("connection") == "close"

    def assert_problem(self, status: int) -> None:
        """It is a problem by RFC 9457 with all members of the contract."""
        assert self.status == status
        assert self.headers["content-type"] == "application/problem+json"
        problem = self.json()
        assert problem["status"] == status
        assert problem["type"].startswith("urn:opamp-packages:problem:")
        assert problem["title"]
        assert problem["detail"]
        assert problem["request_id"] == self.headers["x-request-id"]


class Client:
    """One connection."""

    def __init__(self, port: int, receive_buffer: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(STARTING)
        self.socket.connect(("127.0.0.1", port))
        self.buffer = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def send(self, *pieces: bytes | str) -> None:
        """Send each piece at once."""
        for piece in pieces:
            self.socket.sendall(piece.encode("latin-1") if isinstance(piece, str) else piece)

    def request(self, method: str, path: str, *lines: str, body: bytes = b"") -> "Reply":
        """Send a request and read its answer."""
        self.send(head(method, path, *lines) + body)
        return self.read(method)

    def get(self, path: str, *lines: str) -> "Reply":
        """GET."""
        return self.request("GET", path, *lines)

    def read_head(self) -> tuple[int, dict[str, str]]:
        """Status and headers of the next answer."""
        while b"\r\n\r\n" not in self.buffer:
            self._receive()
        block, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        status_line, *lines = block.decode("latin-1").split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        return int(status_line.split()[1]), {name.lower(): value for name, value in headers.items()}

    def read(self, method: str = "GET") -> "Reply":
        """The next answer; the connection's end before its own raises ConnectionError."""
        status, headers = self.read_head()
        if method == "HEAD" or status in (100, 204, 304):
            return Reply(status, headers, b"")
        if headers.get("transfer-encoding") == "chunked":
            return Reply(status, headers, self._read_chunks())
        if "content-length" not in headers:
            return Reply(status, headers, self.read_to_end())
        return Reply(status, headers, self.take(int(headers["content-length"])))

    def take(self, count: int) -> bytes:
        """Exactly so many bytes."""
        pieces, have = [self.buffer], len(self.buffer)
        while have < count:
            piece = self.socket.recv(1 << 20)
            if not piece:
                raise ConnectionError(f"closed after {have} of {count} bytes")
            pieces.append(piece)
            have += len(piece)
        content = b"".join(pieces)
        self.buffer = content[count:]
        return content[:count]

    def read_to_end(self) -> bytes:
        """All that comes until the server closes."""
        pieces = [self.buffer]
        while piece := self.socket.recv(1 << 20):
            pieces.append(piece)
        self.buffer = b""
        return b"".join(pieces)

    def is_closed(self) -> bool:
        """Whether the server has closed, or does within a second."""
        self.socket.settimeout(1)
        try:
            return self.socket.recv(1) == b""
        except TimeoutError:
            return False
        finally:
            self.socket.settimeout(STARTING)

    def _read_chunks(self) -> bytes:
        content = b""
        while True:
            while b"\r\n" not in self.buffer:
                self._receive()
            size, _, self.buffer = self.buffer.partition(b"\r\n")
            chunk = self.take(int(size, 16) + 2)
            content += chunk[:-2]
            if int(size, 16) == 0:
                return content

    def _receive(self) -> None:
        piece = self.socket.recv(1 << 16)
        if not piece:
            raise ConnectionError(f"closed after {self.buffer!r}")
        self.buffer += piece


def head(method: str, path: str, *lines: str) -> bytes:
    """A request's head."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: test", *lines, "", ""]).encode("latin-1")


def chunked(pieces: Iterable[bytes], last: bytes = b"0\r\n\r\n") -> bytes:
    """A body in chunked transfer coding."""
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + last


def slowly(client: Client, content: bytes, pause: float) -> None:
    """Send byte by byte."""
    for place in range(len(content)):
        client.send(content[place : place + 1])
        time.sleep(pause)
