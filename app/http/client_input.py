"""A request's body as it comes from the client's socket: `wsgi.input` under our gunicorn worker.

It differs from gunicorn's own in three points: bytes go from the socket into the reader's buffer without copies
between; 100 Continue is sent at the first read, so that a refusal costs no upload; and a body that ends early,
stalls or is malformed raises, where gunicorn reports a clean end of file.
"""

import io
import socket
import time
from typing import Protocol

from gunicorn.http.errors import NoMoreData, ParseException

from app.errors import BadRequest, UploadInterrupted, UploadTimedOut

STALL = "The upload sent nothing for {seconds:.0f} seconds; it was given up. Send it again."
TOO_LONG = "The upload took too long; it was given up. Send it again over a faster connection."
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Framing(Protocol):
    """Where a body ends: after a length, or after its last chunk."""

    left: int | None
    """Bytes that are still to come; None where only the body's end will tell."""

    def readinto(self, buffer: memoryview) -> int:
        """Read some bytes into `buffer`; 0 at the body's end only."""


class LengthFraming:
    """`length` bytes: first those that came along with the head, then the socket's own."""

    def __init__(self, unreader, length: int) -> None:  # type: ignore[no-untyped-def]  # gunicorn has no types
        self._unreader = unreader
        self.left: int | None = length

    def readinto(self, buffer: memoryview) -> int:
        """Read some bytes into `buffer`; 0 at the body's end only. Raises UploadInterrupted."""
        left = self.left or 0
        wanted = buffer[:left]
        if not wanted:
            return 0
        count = self._buffered(wanted) or self._unreader.sock.recv_into(wanted)
        if not count:
            raise UploadInterrupted
        self.left = left - count
        return int(count)

    def _buffered(self, wanted: memoryview) -> int:
        early = self._unreader.take_buffered()
        count = min(len(early), len(wanted))
        wanted[:count] = early[:count]
        if count < len(early):
            self._unreader.unread(early[count:])
        return count


class ChunkedFraming:
    """Chunks until the last one and its trailers (RFC 9112, 7.1), parsed by gunicorn."""

    left: int | None = None

    def __init__(self, chunked_body) -> None:  # type: ignore[no-untyped-def]  # gunicorn has no types
        self._body = chunked_body

    def readinto(self, buffer: memoryview) -> int:
        """Read some bytes into `buffer`; 0 after the last chunk only. Raises UploadInterrupted, BadRequest."""
        try:
            received: bytes = self._body.read(min(len(buffer), 1 << 16))
        except NoMoreData as error:
            raise UploadInterrupted from error
        except ParseException as error:
            raise BadRequest("The chunked transfer coding of the body is malformed or cut short.") from error
        buffer[: len(received)] = received
        if not received:
            self.left = 0
        return len(received)


class ClientInput(io.RawIOBase):
    """The body of one request. After any error it stays `failed`: where the next request starts is unknown."""

    def __init__(
        self, framing: Framing, client: socket.socket, *, stall: float, expects_continue: bool = False
    ) -> None:
        self._framing = framing
        self._client = client
        self._stall = stall
        self.awaits_continue = expects_continue
        """The client holds its body back until it is told to go on."""
        self.deadline: float | None = None
        """time.monotonic() by which the body must be whole."""
        self.received = 0
        self.failed = False

    @property
    def left(self) -> int | None:
        """Bytes still to come; None where that is unknown."""
        return self._framing.left

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]  # any writable buffer, as io has it
        """Read some bytes into `buffer`; 0 at the body's end only.

        Raises UploadInterrupted, UploadTimedOut, BadRequest.
        """
        try:
            count = self._receive(memoryview(buffer).cast("B"), self.deadline)
        except BaseException:
            self.failed = True
            raise
        self.received += count
        return count

    def read(self, size: int | None = -1) -> bytes:
        """All of the body, or `size` bytes of it, fewer at its end only; within the time that a stall may last.

        Raises UploadInterrupted, UploadTimedOut, BadRequest.
        """
        if self.deadline is None:
            self.deadline = time.monotonic() + self._stall
        content = bytearray()
        wanted = -1 if size is None else size
        block = bytearray(1 << 16)
        while wanted < 0 or len(content) < wanted:
            room = len(block) if wanted < 0 else min(len(block), wanted - len(content))
            count = self.readinto(memoryview(block)[:room])
            if not count:
                break
            content += block[:count]
        return bytes(content)

    def _receive(self, buffer: memoryview, deadline: float | None) -> int:
        patience = self._patience(deadline)
        self._client.settimeout(patience)
        try:
            if self.awaits_continue and self.left != 0:
                self.awaits_continue = False
                self._client.sendall(CONTINUE)
            return self._framing.readinto(buffer)
        except TimeoutError as error:
            raise UploadTimedOut(
                STALL.format(seconds=self._stall) if patience == self._stall else TOO_LONG
            ) from error
        except OSError as error:
            raise UploadInterrupted from error

    def _patience(self, deadline: float | None) -> float:
        """Seconds that the next read may wait."""
        if deadline is None:
            return self._stall
        left = deadline - time.monotonic()
        if left <= 0:
            raise UploadTimedOut(TOO_LONG)
        return min(left, self._stall)


