"""A client that costs little: whole files through sockets, from a file and into a buffer that is used again."""

import re
import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

BOUNDARY = "------------------------bench4d1c8a2fQ7mZx0Kp9"
"""Of a form, as long as curl's: the longer, the faster it is told from the file."""

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_OFFSET = re.compile(rb"\r\nupload-offset: *(\d+)", re.IGNORECASE)
_LOCATION = re.compile(rb"\r\nlocation: *([^\r]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Target:
    """Where a request goes: a URL, the headers that open it, and `via`, the URL of a proxy before it, if any."""

    url: str
    headers: str = ""
    via: str | None = None

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.via or self.url)
        return parts.hostname or "", parts.port or 80

    def head(self, method: str, extra: str = "") -> bytes:
        parts = urlsplit(self.url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        return f"{method} {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n{self.headers}{extra}\r\n".encode()


def with_token(url: str, token: str) -> Target:
    """A target of the service."""
    return Target(url, f"Authorization: Bearer {token}\r\n")


def download(target: Target) -> int:
    """GET the target, following one redirect without its token; how many bytes came."""
    with socket.create_connection(target.address) as client:
        client.sendall(target.head("GET", "Connection: close\r\n"))
        head, body = answer_head(client)
        if location := _LOCATION.search(head):
            return download(Target(location[1].decode()))
        _insist(head, b"200")
        received, buffer = len(body), bytearray(1 << 20)
        while count := client.recv_into(buffer):
            received += count
    return received


def upload_raw(target: Target, file: Path) -> bytes:
    """PUT the file; the answer's body."""
    return _send(target, "PUT", b"", file, b"", "Content-Type: application/octet-stream\r\n")


def upload_form(target: Target, file: Path, fields: dict[str, str]) -> bytes:
    """POST the file as curl -F would, file first; the answer's body."""
    first = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="agent.bin"\r\n\r\n'
    rest = "".join(
        f'\r\n--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}'
        for name, text in fields.items()
    )
    content_type = f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
    return _send(target, "POST", first.encode(), file, f"{rest}\r\n--{BOUNDARY}--\r\n".encode(), content_type)


def upload_piece(target: Target, file: Path, start: int, end: int) -> bytes:
    """PATCH these bytes of the file to an upload; the answer's body."""
    with socket.create_connection(target.address) as client:
        begin_piece(client, target, file, start, end, length=end - start)
        return _answer(client)


def begin_piece(client: socket.socket, target: Target, file: Path, start: int, end: int, *, length: int) -> None:
    """Send the head of a PATCH of `length` bytes, and those from `start` to `end`."""
    draft = f"Upload-Offset: {start}\r\nUpload-Complete: ?0\r\nContent-Type: application/partial-upload\r\n"
    client.sendall(target.head("PATCH", f"Content-Length: {length}\r\nConnection: close\r\n{draft}"))
    with file.open("rb") as content:
        client.sendfile(content, start, end - start)


def begin_upload(target: Target, length: int) -> str:
    """PUT that begins an upload of `length` bytes; its URL."""
    draft = f"Upload-Complete: ?0\r\nUpload-Length: {length}\r\nContent-Length: 0\r\nConnection: close\r\n"
    with socket.create_connection(target.address) as client:
        client.sendall(target.head("PUT", draft))
        head, _ = answer_head(client)
    _insist(head, b"201")
    location = _LOCATION.search(head)
    return location[1].decode() if location else ""


def offset_of(target: Target) -> int:
    """HEAD of an upload: how far it is."""
    with socket.create_connection(target.address) as client:
        client.sendall(target.head("HEAD", "Connection: close\r\n"))
        head, _ = answer_head(client)
    _insist(head, b"200")
    found = _OFFSET.search(head)
    return int(found[1]) if found else 0


def ask(target: Target, method: str = "GET") -> bytes:
    """A small request; the answer's body."""
    with socket.create_connection(target.address) as client:
        client.sendall(target.head(method, "Connection: close\r\n"))
        return _answer(client)


def _send(target: Target, method: str, before: bytes, file: Path, after: bytes, headers: str) -> bytes:
    length = len(before) + file.stat().st_size + len(after)
    with socket.create_connection(target.address) as client, file.open("rb") as content:
        client.sendall(target.head(method, f"Content-Length: {length}\r\nConnection: close\r\n{headers}") + before)
        client.sendfile(content)
        client.sendall(after)
        return _answer(client)


def _answer(client: socket.socket) -> bytes:
    head, body = answer_head(client)
    _insist(head, b"20")
    while block := client.recv(1 << 16):
        body += block
    return body


def answer_head(client: socket.socket) -> tuple[bytes, bytes]:
    """The head of an answer, and what came of its body along with it."""
    received = b""
    while b"\r\n\r\n" not in received:
        block = client.recv(1 << 16)
        if not block:
            raise ConnectionError(f"the connection ended within the head: {received!r}")
        received += block
    head, _, body = received.partition(b"\r\n\r\n")
    return head, body


def _insist(head: bytes, status: bytes) -> None:
    if not head[9:].startswith(status):
        raise ConnectionError(head.decode("latin-1"))


def content_length(head: bytes) -> int:
    """The Content-Length that a head tells."""
    found = _LENGTH.search(head)
    return int(found[1]) if found else 0
