"""`wsgi.input`: a gathered body in memory, or one that is read straight from its socket, with deadlines.

It differs from gunicorn's own in four points: bytes go from the socket into the reader's buffer without copies
between; a body that is not there yet is asked for only when the application wants it, so that a refusal costs no
upload (100 Continue) and a thread that would wait has asked for its permit; and a body that ends early, stalls or is
malformed raises, where gunicorn reports a clean end of file.
"""

import io
import socket
import time
from collections.abc import Callable

from gunicorn.http.errors import NoMoreData, ParseException

from app.errors import BadRequest, UploadInterrupted, UploadTimedOut
from app.server.client_socket import ClientSocket
from app.server.framing import Framing

MALFORMED = "The chunked transfer coding of the body is malformed, cut short, or in chunks of hardly a byte."
BLOCK = 1 << 16


class BodyNotHere(BaseException):
    """The application wants a small body that has not come yet: no thread waits for it, the event loop gathers it.

    Raised before anything of the body is read, through whatever the application has on its stack. Not an Exception,
    since Flask would answer that.
    """


class GatheredBody(io.BytesIO):
    """A body that is here."""

    is_complete = True
    deadline: float | None = None
    """As WsgiInput's; of no matter here."""

    def __init__(self, content: bytes | bytearray) -> None:
        super().__init__(content)
        self.received = len(content)

    def begin(self) -> None:
        """Nothing is to be asked for."""


class WsgiInput(io.RawIOBase):
    """The body of one request. After any error it stays `failed`: where the next request starts is unknown.

    `ask` is called once, before the first byte is waited for; it raises what keeps this thread from waiting.
    `stall` is how many seconds the client may send nothing; `check` is called every moment meanwhile, and may raise.
    """

    def __init__(
        self,
        framing: Framing,
        client: socket.socket,
        *,
        stall: float,
        ask: Callable[[], None],
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self._framing = framing
        self._client = ClientSocket(client, stall, check)
        self._stall = stall
        self._ask = ask
        self._is_asked_for = False
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
        return not self.failed and self._framing.left == 0

    def readable(self) -> bool:
        """True, as io.RawIOBase wants it."""
        return True

    def also_check(self, check: Callable[[], None]) -> None:
        """Call `check`, too, every moment while the client is waited for."""
        self._client.also_check(check)

    def begin(self) -> None:
        """Ask for the body: what could be refused without it has been looked at. `readinto` does so itself.

        Raises BodyNotHere; Overloaded if too many requests wait for their bodies.
        """
        if not self._is_asked_for:
            self._ask()
            self._is_asked_for = True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]  # any writable buffer, as io has it
        """Read some bytes into `buffer`; 0 at the body's end only.

        Raises UploadInterrupted, UploadTimedOut, BadRequest, and what `begin` raises.
        """
        if self.failed:
            raise UploadInterrupted
        if self.is_complete:
            return 0
        self.begin()
        try:
            count = self._receive(memoryview(buffer).cast("B"))
        except BaseException:
            self.failed = True
            raise
        self.received += count
        return count

    def read(self, size: int | None = -1) -> bytes:
        """All of the body, or `size` bytes of it, fewer at its end only; within the time that a stall may last.

        Raises what `readinto` raises.
        """
        if self.deadline is None:
            self.deadline = time.monotonic() + self._stall
        wanted = -1 if size is None else size
        content = bytearray()
        block = memoryview(bytearray(min(wanted, BLOCK) if wanted >= 0 else BLOCK))
        while room := len(block) if wanted < 0 else min(len(block), wanted - len(content)):
            count = self.readinto(block[:room])
            if not count:
                break
            content += block[:count]
        return bytes(content)

    def _receive(self, buffer: memoryview) -> int:
        try:
            return self._framing.readinto(buffer, self._client)
        except TimeoutError as error:
            raise UploadTimedOut(self._why()) from error
        except (NoMoreData, OSError) as error:
            raise UploadInterrupted from error
        except ParseException as error:
            raise BadRequest(MALFORMED) from error

    def _why(self) -> str:
        if self.deadline is not None and time.monotonic() >= self.deadline:
            return UploadTimedOut.detail
        return f"The upload sent nothing for {self._stall:.0f} seconds; it was given up. Send it again."
