"""A request's body as it comes from the client's socket: `wsgi.input` under our gunicorn worker.

It differs from gunicorn's own in three points: bytes go from the socket into the reader's buffer without copies
between; 100 Continue is sent at the first read, so that a refusal costs no upload; and a body that ends early,
stalls or is malformed raises, where gunicorn reports a clean end of file.
"""

import io
import socket
import time

from gunicorn.http.errors import NoMoreData, ParseException

from app.errors import BadRequest, UploadInterrupted, UploadTimedOut
from app.server.client_socket import ClientSocket
from app.server.framing import Framing

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
DRAINABLE = 1 << 16
"""Bytes of an unread body that are read away so that the connection can be kept."""


class ClientInput(io.RawIOBase):
    """The body of one request. After any error it stays `failed`: where the next request starts is unknown.

    `stall` is how many seconds the client may send nothing.
    """

    def __init__(
        self, framing: Framing, client: socket.socket, *, stall: float, expects_continue: bool = False
    ) -> None:
        self._framing = framing
        self._client = ClientSocket(client, stall)
        self._stall = stall
        self._awaits_continue = expects_continue
        self.received = 0
        self.failed = False

    @property
    def deadline(self) -> float | None:
        """time.monotonic() by which the body must be whole."""
        return self._client.deadline

    @deadline.setter
    def deadline(self, deadline: float) -> None:
        self._client.deadline = deadline

    @property
    def is_complete(self) -> bool:
        """Whether all of the body has been read."""
        return self._framing.left == 0

    @property
    def is_drainable(self) -> bool:
        """Whether so little is left, and surely comes, that the connection can be kept."""
        left = self._framing.left
        if self.failed or left is None or left > DRAINABLE:
            return False
        return left == 0 or not self._awaits_continue

    def readable(self) -> bool:
        """True, as io.RawIOBase wants it."""
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]  # any writable buffer, as io has it
        """Read some bytes into `buffer`; 0 at the body's end only.

        Raises UploadInterrupted, UploadTimedOut, BadRequest.
        """
        if self.failed:
            raise UploadInterrupted
        try:
            count = self._receive(memoryview(buffer).cast("B"))
        except BaseException:
            self.failed = True
            raise
        self.received += count
        return count

    def read(self, size: int | None = -1) -> bytes:
        """All of the body, or `size` bytes of it, fewer at its end only; within the time that a stall may last.

        Raises UploadInterrupted, UploadTimedOut, BadRequest.
        """
        if self.is_complete:
            return b""
        if self.deadline is None:
            self.deadline = time.monotonic() + self._stall
        wanted = -1 if size is None else size
        content = bytearray()
        block = memoryview(bytearray(min(wanted, 1 << 16) if wanted >= 0 else 1 << 16))
        while room := len(block) if wanted < 0 else min(len(block), wanted - len(content)):
            count = self.readinto(block[:room])
            if not count:
                break
            content += block[:count]
        return bytes(content)

    def drain(self, seconds: float) -> bool:
        """Read what is left, for so long at most; whether that was all of it."""
        self.deadline = time.monotonic() + seconds
        block = memoryview(bytearray(DRAINABLE))
        try:
            while self.readinto(block):
                pass
        except (UploadInterrupted, UploadTimedOut, BadRequest):
            return False
        return True

    def _receive(self, buffer: memoryview) -> int:
        try:
            if self._awaits_continue and not self.is_complete:
                self._awaits_continue = False
                self._client.send(CONTINUE)
            return self._framing.readinto(buffer, self._client)
        except TimeoutError as error:
            raise UploadTimedOut(self._why()) from error
        except (NoMoreData, OSError) as error:
            raise UploadInterrupted from error
        except ParseException as error:
            raise BadRequest("The chunked transfer coding of the body is malformed or cut short.") from error

    def _why(self) -> str:
        if self.deadline is not None and time.monotonic() >= self.deadline:
            return UploadTimedOut.detail
        return f"The upload sent nothing for {self._stall:.0f} seconds; it was given up. Send it again."
