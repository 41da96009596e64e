"""S3 request: method, key, query, headers, and a body with its SHA-256 or CRC-32C."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from crc32c import crc32c

from app.storage.s3.deadline import ProgressDeadline

CHECKSUM = "x-amz-checksum-crc32c"
"""The header that lets the storage check the bytes without a signature over them."""


class Crc32c:
    """The CRC-32C of all that it was fed."""

    def __init__(self) -> None:
        self._checksum = 0

    def update(self, content: memoryview) -> None:
        """Go on with `content`; other threads may run meanwhile."""
        self._checksum = crc32c(content, self._checksum)

    def __str__(self) -> str:
        """As S3 writes it: big endian, in base64."""
        return base64.b64encode(self._checksum.to_bytes(4, "big")).decode()


class Body:
    """The body of a request, signed with its SHA-256, or by its CRC-32C alone where that `checksum` is given."""

    def __init__(self, content: bytes | memoryview, checksum: str = "") -> None:
        self.content = memoryview(content)
        self.content_hash = "UNSIGNED-PAYLOAD" if checksum else hashlib.sha256(content).hexdigest()
        self.headers = {"content-length": str(len(content)), **({CHECKSUM: checksum} if checksum else {})}


@dataclass(frozen=True)
class S3Request:
    """One request for `key`, or for the bucket itself if the key is empty; names of `headers` in lower case.

    `fresh` sends it on a new connection, for what must not be carried out twice; else it is repeated once if a
    kept connection turns out to be closed. `outlives`: the server should finish it, even if this process is killed.
    """

    method: str
    key: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body | None = None
    deadline: ProgressDeadline = field(default_factory=ProgressDeadline)
    fresh: bool = False
    outlives: bool = False
