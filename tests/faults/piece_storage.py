"""An upload's parts in the S3: they come late, the answer to their completion is lost, another version hashed them.

Each scenario raises AssertionError if a byte was lost or something stays behind.
"""

import contextlib
import functools
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator

from app import breaker
from dev.parts.s3 import S3
from tests.databases import execute
from tests.faults.audit import leftovers
from tests.faults.client import content_of, sha256, unique_name
from tests.faults.piece_kills import PART, published
from tests.faults.pieces import answered, begin, head, offset_of, patch, send_all, tried
from tests.faults.site import Site

Scenario = Callable[[Site], None]


def settled(site: Site, name: str, content: bytes) -> None:
    """The package has these bytes, and nothing else is there."""
    assert published(site.client(), name) == sha256(content)
    assert leftovers(site).wrong == 0


class Recorded:
    """Records the first part that is sent to the S3, whose answer is lost; it can be sent again, as a late worker's."""

    def __init__(self) -> None:
        self._sent = bytearray()
        self._length = 0

    def __call__(self, block: bytes) -> bool:
        """A proxy's watch."""
        if not self._length and b"partNumber=1" not in block:
            return True
        if not self._length:
            head, _, _ = block.partition(b"\r\n\r\n")
            [size] = re.findall(rb"(?i)\r\ncontent-length: (\d+)", head)
            self._length = len(head) + 4 + int(size)
        if len(self._sent) == self._length:
            return True
        self._sent += block
        return False

    def replay(self, server: S3) -> None:
        """Send it to the S3 itself."""
        host, _, port = server.endpoint.partition(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(self._sent)
            assert connection.recv(100).startswith(b"HTTP/1.1 200"), "the S3 refuses the late part"


def late_part(site: Site, first: bytes, content: bytes, name: str) -> int:
    """A part of a superseded worker lands after its successor's; the status of the piece that completes."""
    client = site.client()
    path = begin(client, len(content), name)
    recorded = site.storage.watch = Recorded()
    try:
        assert tried(lambda: patch(client, path, 0, first)) is None
        time.sleep(breaker.TRY_EVERY)
        assert offset_of(answered(lambda: head(client, path))) == 0
        # A worker that has lost an answer lets but one request at a time through.
        for end in (PART, 2 * PART):
            assert answered(functools.partial(patch, client, path, end - PART, content[end - PART : end])).status == 204
    finally:
        site.storage.watch = lambda _: True
    recorded.replay(site.s3)
    return answered(lambda: patch(client, path, 2 * PART, content[2 * PART :])).status


def late_part_of_equal_bytes(site: Site) -> None:
    """It harms nothing."""
    content, name = content_of(2 * PART + 9), unique_name()
    assert late_part(site, content[: PART + 1], content, name) == 201
    settled(site, name, content)


def late_part_of_other_bytes(site: Site) -> None:
    """It is never put together with the others: 410, and nothing of it stays."""
    content, name = content_of(2 * PART + 9), unique_name()
    assert late_part(site, bytes(PART + 1), content, name) == 410
    assert published(site.client(), name) == ""
    assert leftovers(site).wrong == 0


def lost_completion(site: Site) -> None:
    """The answer to CompleteMultipartUpload is lost: the next piece finds the object, compares and publishes."""
    content, name, seen = content_of(2 * PART + 9), unique_name(), threading.Event()
    client = site.client()
    path = begin(client, len(content), name)
    assert patch(client, path, 0, content[: 2 * PART]).status == 204

    def lose(block: bytes) -> bool:
        is_it = block.startswith(b"POST /") and b"uploadId=" in block and not seen.is_set()
        if is_it:
            seen.set()
            threading.Timer(0.5, site.storage.cut).start()
        return not is_it

    site.storage.watch = lose
    try:
        assert patch(client, path, 2 * PART, content[2 * PART :]).status == 503
    finally:
        site.storage.watch = lambda _: True
    assert seen.is_set()
    time.sleep(breaker.TRY_EVERY)
    assert send_all(client, path, content) == len(content)
    settled(site, name, content)


def another_hash_format(site: Site) -> None:
    """Another version has hashed what came before: the finished object is read once, and compared."""
    content, name = content_of(2 * PART + 9), unique_name()
    client = site.client()
    path = begin(client, len(content), name)
    assert patch(client, path, 0, content[: PART + 3]).status == 204
    with reading(site) as read:
        execute(site.direct_url, f"UPDATE uploads SET hash_format = 'other' WHERE id = '{path.rpartition('/')[2]}'")
        answer = patch(client, path, PART + 3, content[PART + 3 :])
    assert (answer.status, answer.json()["checksum"], len(read)) == (201, sha256(content), 2)
    settled(site, name, content)


@contextlib.contextmanager
def reading(site: Site) -> Iterator[list[bytes]]:
    """The GETs of objects that go to the S3: the tail's, and those of finished objects."""
    seen: list[bytes] = []

    def watch(block: bytes) -> bool:
        if block.startswith(b"GET /") and b"/objects/" in block.partition(b"\r\n")[0]:
            seen.append(block)
        return True

    site.storage.watch = watch
    try:
        yield seen
    finally:
        site.storage.watch = lambda _: True


SCENARIOS: list[Scenario] = [late_part_of_equal_bytes, late_part_of_other_bytes, lost_completion, another_hash_format]
