"""What is asked of an S3: a request, and the two ways its body may come."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import google_crc32c

from app.errors import UploadInterrupted
from app.storage.base import ByteSource
from app.storage.connections import Connection
from app.storage.patience import Patience

CRC_BLOCK = 64 * 1024
"""Bytes; google-crc32c takes only `bytes`, and a copy of this size stays in the processor's cache."""

STREAM_BLOCK = 1024 * 1024
"""Bytes of memory for a body that is streamed, and per chunk of its coding (S3 takes none below 8 KiB)."""

TRAILER = "x-amz-checksum-crc32c"
"""The header or trailer that lets the storage check the bytes without a signature over them."""


class Crc32c:
    """The CRC-32C of all that it was fed."""

    def __init__(self) -> None:
        self._checksum = 0

    def update(self, content: memoryview) -> None:
        """Go on with `content`, cheapest while it is still in the processor's cache."""
        for start in range(0, len(content), CRC_BLOCK):
            self._checksum = google_crc32c.extend(self._checksum, bytes(content[start : start + CRC_BLOCK]))

    def __str__(self) -> str:
        """As S3 writes it: big endian, in base64."""
        return base64.b64encode(self._checksum.to_bytes(4, "big")).decode()


class Body(Protocol):
    """The body of a request: how it is signed, and how it is sent."""

    content_hash: str
    """For `x-amz-content-sha256`: the SHA-256 of the body, or one of the words for doing without."""

    headers: dict[str, str]

    def send(self, connection: Connection, patience: Patience) -> None:
        """Send all of it. Raises OSError, and what its source raises."""


class MemoryBody:
    """A body in memory, signed with its hash, or by its `checksum` (CRC-32C) alone where one is given."""

    def __init__(self, content: bytes | memoryview, checksum: str = "") -> None:
        self._content = memoryview(content)
        self.content_hash = "UNSIGNED-PAYLOAD" if checksum else hashlib.sha256(content).hexdigest()
        self.headers = {"Content-Length": str(len(content)), **({TRAILER: checksum} if checksum else {})}

    def send(self, connection: Connection, patience: Patience) -> None:
        connection.send_body(self._content, patience)


class StreamedBody:
    """`size` bytes of `source`, sent as they come in `aws-chunked` coding with their CRC-32C behind them.

    It can be sent only once. The time that the source takes is not the storage's and exhausts no patience.
    """

    content_hash = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

    def __init__(self, source: ByteSource, size: int) -> None:
        self._source = source
        self._size = size
        self.headers = {
            "Content-Encoding": "aws-chunked",
            "Content-Length": str(_coded_length(size)),
            "x-amz-decoded-content-length": str(size),
            "x-amz-trailer": TRAILER,
        }

    def send(self, connection: Connection, patience: Patience) -> None:
        buffer = memoryview(bytearray(STREAM_BLOCK))
        checksum, left = Crc32c(), self._size
        while left:
            block = buffer[: min(STREAM_BLOCK, left)]
            self._fill(block)
            checksum.update(block)
            left -= len(block)
            patience.progress()
            for piece in (_chunk_head(len(block)), block, b"\r\n"):
                connection.send_body(memoryview(piece), patience)
        connection.send_body(memoryview(b"0\r\n" + _trailer(str(checksum))), patience)

    def _fill(self, block: memoryview) -> None:
        filled = 0
        while filled < len(block):
            count = self._source.readinto(block[filled:])
            if not count:
                raise UploadInterrupted
            filled += count


@dataclass(frozen=True)
class S3Request:
    """One request for `key`, or for the bucket itself if the key is empty.

    `fresh` sends it on a new connection, for what must not be carried out or read twice; else it is repeated
    once if a kept connection turns out to be closed.
    """

    method: str
    key: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body | None = None
    patience: Patience = field(default_factory=Patience)
    fresh: bool = False


def _chunk_head(size: int) -> bytes:
    return f"{size:x}\r\n".encode()


def _trailer(checksum: str) -> bytes:
    return f"{TRAILER}:{checksum}\r\n\r\n".encode()


def _coded_length(size: int) -> int:
    blocks, rest = divmod(size, STREAM_BLOCK)
    chunks = blocks * (len(_chunk_head(STREAM_BLOCK)) + STREAM_BLOCK + 2)
    last = len(_chunk_head(rest)) + rest + 2 if rest else 0
    return chunks + last + len("0\r\n") + len(_trailer(str(Crc32c())))
