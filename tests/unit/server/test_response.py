"""Sending a large body whose connection the kernel could empty by itself."""

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from gunicorn.config import Config

from app.server import pipe
from app.server.response import FileBlocks, ResponseCutShort, StreamedResponse
from tests import threads

SIZE = pipe.SIZE + 100_000
DESCRIPTORS = Path("/proc/self/fd")


class Source:
    """A reader of `there` bytes, which can be spliced."""

    can_splice = True

    def __init__(self, there: int) -> None:
        self.left = there
        self.spliced = 0

    def read(self, size: int) -> bytes:
        count = min(size, self.left)
        self.left -= count
        return b"x" * count

    def splice_into(self, target: int, size: int) -> int:
        self.spliced += (count := os.write(target, self.read(size)))
        return count


def sent(source: Source) -> bytes:
    """The body that a client gets of an answer that tells SIZE bytes."""
    ours, clients = socket.socketpair()
    received = bytearray()

    def receive() -> None:
        while block := clients.recv(1 << 20):
            received.extend(block)

    client = threads.start(receive)
    request = SimpleNamespace(method="GET", version=(1, 1), should_close=lambda: False)
    answer = StreamedResponse(request, ours, Config())
    answer.start_response("200 OK", [("Content-Length", str(SIZE))])
    try:
        for _ in answer.send(FileBlocks(source)):
            pass
    finally:
        ours.close()
        threads.join(client)
        clients.close()
    return bytes(received.partition(b"\r\n\r\n")[2])


def test_spliced() -> None:
    """All bytes go through a pipe."""
    source = Source(SIZE)
    assert sent(source) == b"x" * SIZE
    assert source.spliced == SIZE


def test_no_room_for_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system gives no pipe of that size, the bytes are copied."""

    @contextlib.contextmanager
    def none() -> Iterator[None]:
        yield None

    monkeypatch.setattr(pipe, "open_pipe", none)
    source = Source(SIZE)
    assert sent(source) == b"x" * SIZE
    assert source.spliced == 0


def test_pipe_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe larger than the system has is no error, and is closed."""
    monkeypatch.setattr(pipe, "SIZE", (1 << 31) - 1)
    before = len(list(DESCRIPTORS.iterdir()))
    with pipe.open_pipe() as ends:
        assert ends is None
    assert len(list(DESCRIPTORS.iterdir())) == before


def test_cut_short() -> None:
    """A body that ends early is told, so that the connection is closed."""
    with pytest.raises(ResponseCutShort):
        sent(Source(SIZE - 1))
