"""A streamed response: sent with sendmsg, sendfile or splice, and left off wherever the client takes no more."""

import functools
import os
import time
from collections.abc import Iterable, Iterator
from typing import Any

from gunicorn import util
from gunicorn.http.wsgi import FileWrapper, Response

from app.server import pipe
from app.server.client_socket import never_block

BLOCK = 1 << 20
"""Bytes read at once of what is streamed: 8 KiB, the usual, is four times slower."""

Sending = Iterator[None]
"""Sends as it is iterated. Each step that it yields means: the client takes no more now; go on when it does."""


@functools.lru_cache(maxsize=2)
def _http_date(second: int) -> str:
    """The `Date` of all answers of one second."""
    return str(util.http_date(second))


class ResponseCutShort(Exception):
    """The body ended before its Content-Length: the connection must close, or the next answer would follow in it."""


class FileBlocks(FileWrapper):  # type: ignore[misc]  # gunicorn has no types
    """The `wsgi.file_wrapper`: what werkzeug asks for is 8 KiB, whatever the file."""

    def __init__(self, filelike: Any, blksize: int = BLOCK) -> None:
        super().__init__(filelike, max(blksize, BLOCK))


class StreamedResponse(Response):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's response, which keeps account of the body; it only queues here, and `send` sends."""

    splices = True
    """Whether large bodies may be handed from socket to socket by the kernel (splice(2)): 0.87 of the CPU of a copy."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.headers_sent: bool
        self._queue: list[memoryview] = []

    def send(self, body: Iterable[bytes]) -> Sending:
        """Send the head and all of `body`. Raises ResponseCutShort, OSError, and what the body raises."""
        never_block(self.sock)
        if isinstance(body, FileBlocks) and self._is_file(body):
            yield from self._sending_file(body.filelike)
        elif isinstance(body, FileBlocks) and self._is_spliced(body):
            yield from self._splicing(body)
        else:
            yield from self._copying(body)
        if not self._omits_body and self.sent < (self.response_length or 0):
            raise ResponseCutShort(f"{self.sent} of {self.response_length} bytes")
        self.send_headers()
        if self.chunked:
            self._queue.append(memoryview(b"0\r\n\r\n"))
        yield from self._flushing()

    def _copying(self, body: Iterable[bytes]) -> Sending:
        for block in body:
            self.write(block)
            yield from self._flushing()

    def send_headers(self) -> None:
        """Queue the head, if it is not sent or queued yet."""
        if self.headers_sent:
            return
        major, minor = self.req.version
        fields = [
            ("Server", self.version),
            ("Date", _http_date(int(time.time()))),
            ("Connection", "close" if self.should_close() else "keep-alive"),
            *([("Transfer-Encoding", "chunked")] if self.chunked else []),
            *self.headers,
        ]
        head = f"HTTP/{major}.{minor} {self.status}\r\n" + "".join([f"{name}: {value}\r\n" for name, value in fields])
        self._queue.append(memoryview(f"{head}\r\n".encode("latin-1")))
        self.headers_sent = True

    def _emit_body(self, block: bytes) -> None:
        if self.chunked:
            self._queue.append(memoryview(b"%X\r\n" % len(block)))
        self._queue.append(memoryview(block))
        if self.chunked:
            self._queue.append(memoryview(b"\r\n"))

    def _flushing(self) -> Sending:
        queue = self._queue
        while queue:
            try:
                count = self.sock.sendmsg(queue)
            except BlockingIOError:
                yield
                continue
            while queue and count >= len(queue[0]):
                count -= len(queue.pop(0))
            if count:
                queue[0] = queue[0][count:]

    def _is_file(self, body: FileBlocks) -> bool:
        return bool(self.response_length) and not self.chunked and util.has_fileno(body.filelike)

    def _sending_file(self, file: Any) -> Sending:
        """Let the kernel send from the file's present place on."""
        self.send_headers()
        yield from self._flushing()
        source, place = file.fileno(), os.lseek(file.fileno(), 0, os.SEEK_CUR)
        while not self._omits_body and (left := self.response_length - self.sent):
            try:
                count = os.sendfile(self.sock.fileno(), source, place + self.sent, left)
            except BlockingIOError:
                yield
                continue
            if not count:
                break
            self.sent += count

    def _is_spliced(self, body: FileBlocks) -> bool:
        is_large = (self.response_length or 0) > pipe.SIZE
        can = self.splices and getattr(body.filelike, "can_splice", False)
        return can and is_large and not self._omits_body and not self.chunked

    def _splicing(self, body: FileBlocks) -> Sending:
        """Let the kernel hand the bytes from the storage's connection to the client's."""
        with pipe.open_pipe() as ends:
            if ends is None:
                yield from self._copying(body)
                return
            source, target = ends
            self.send_headers()
            yield from self._flushing()
            while held := body.filelike.splice_into(target, min(pipe.SIZE, self.response_length - self.sent)):
                while held:
                    try:
                        count = os.splice(source, self.sock.fileno(), held)
                    except BlockingIOError:
                        yield
                        continue
                    held -= count
                    self.sent += count
