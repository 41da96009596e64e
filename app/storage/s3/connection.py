"""One HTTP connection to an S3, on which every wait has a limit.

Neither http.client nor urllib3: the former's parser cost more than all else of a small request, and the latter sends
under its connect timeout, counts that for a whole body instead of for a standstill, and does not tell whether a
connection that failed was a kept one, the only case in which sending again is right.
"""

import os
import select
import socket
import ssl
import struct

from app.storage.s3.deadline import CONNECT, Patience
from app.storage.s3.dialer import Dialler
from app.storage.s3.response_head import END, LIMIT, AnswerHead, MalformedAnswer, parse_head

SEND_BLOCK = 256 * 1024
"""Bytes per send over TLS: a timeout counts for all that is given, so this is what has to move within it."""

TICK = 0.25
"""Seconds of standstill after which a blocking send looks whether there is patience left."""

GATHERED = 256 * 1024
"""Bytes that a splice waits for: fewer and larger turns take a third less of the CPU.

Above this, the kernel's buffers grow under the bursts: 1 MiB has 32 MiB waiting for each slow client instead of 19.
"""

GATHERING = 0.02
"""Seconds for which it waits for them."""

READ_AHEAD = 8192
"""Bytes read at once of a head, so as much of the body may come along."""


class Connection:
    """One connection; `kept` says that it has carried a request before.

    Each method raises OSError where the connection fails, TimeoutError where the time for it is over.
    """

    def __init__(self, dialler: Dialler) -> None:
        self._dialler = dialler
        self._socket: socket.socket | None = None
        self._ahead = b""
        self._wakes_at = 1
        self.kept = False
        self.idle_since = 0.0

    def send(self, head: bytes, body: memoryview, patience: Patience) -> None:
        """Connect if need be and send a request; each piece that the server took counts as progress."""
        if self._socket is None:
            self._socket = self._dialler.connect(min(CONNECT, patience.left()))
            if self.is_plain:
                # Much cheaper than Python's own timeout, under which it polls before each of many small sends.
                self._socket.settimeout(None)
                _limit(self._socket, socket.SO_SNDTIMEO, TICK)
        if not self.is_plain:
            self._send_in_blocks(head, patience)
            self._send_in_blocks(body, patience)
            return
        pieces = [memoryview(head), body]
        while pieces:
            try:
                pieces = _behind(pieces, self._socket.sendmsg(pieces))
            except BlockingIOError:
                patience.left()
            else:
                patience.progress()

    def answer(self, patience: Patience) -> AnswerHead:
        """Wait for the head of the answer; interim ones (1xx) are passed over."""
        while True:
            head = parse_head(self._until(END, patience))
            patience.progress()
            if head.status >= 200:
                return head

    def line(self) -> bytes:
        """The next line of the body, without its end; each piece of it is waited for as at last."""
        return self._until(b"\r\n")

    def receive(self, size: int) -> bytes:
        """The next `size` bytes of the body; fewer where they do not come at once, b"" at the connection's end."""
        ahead = self.read_ahead(size)
        if len(ahead) == size:
            return ahead
        try:
            return ahead + self._open.recv(size - len(ahead), socket.MSG_WAITALL if self.is_plain else 0)
        except BlockingIOError:
            raise TimeoutError from None

    def read_ahead(self, size: int) -> bytes:
        """What has come along with the head, `size` bytes at most."""
        block, self._ahead = self._ahead[:size], self._ahead[size:]
        return block

    def splice(self, pipe: int, size: int) -> int:
        """Move up to `size` bytes behind those read ahead from the plain socket into an empty pipe; 0 at the end.

        `end_splicing` has to follow before anything else is read.
        """
        self._wake_at(min(size, GATHERED))
        if not self._poll(GATHERING):
            self._wake_at(1)  # a slow storage: take what there is, or wait for any byte
        try:
            return os.splice(self._open.fileno(), pipe, size)
        except BlockingIOError:
            raise TimeoutError from None

    def end_splicing(self) -> None:
        """Let whoever reads next be woken by the first byte."""
        self._wake_at(1)

    def _wake_at(self, size: int) -> None:
        if size != self._wakes_at:
            self._open.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)
            self._wakes_at = size

    def wait_for_bytes(self, seconds: float) -> None:
        """From now on wait at most `seconds` for each piece of the answer."""
        if self.is_plain:
            _limit(self._open, socket.SO_RCVTIMEO, seconds)
        else:
            self._open.settimeout(seconds)

    @property
    def is_plain(self) -> bool:
        """Whether the socket has the bytes as they are: no TLS."""
        return not isinstance(self._socket, ssl.SSLSocket)

    @property
    def is_left_clean(self) -> bool:
        """Whether nothing was read ahead that nobody asked for."""
        return not self._ahead

    def is_closed_by_server(self) -> bool:
        """Whether the idle connection has something to read: an end of file, or what nobody asked for."""
        return self._poll(0)

    def _poll(self, seconds: float) -> bool:
        poller = select.poll()
        poller.register(self._open, select.POLLIN)
        return bool(poller.poll(seconds * 1000))

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    @property
    def _open(self) -> socket.socket:
        if self._socket is None:
            raise ConnectionResetError("the connection is closed")
        return self._socket

    def _send_in_blocks(self, content: bytes | memoryview, patience: Patience) -> None:
        for start in range(0, len(content), SEND_BLOCK):
            self._open.settimeout(patience.left())
            self._open.sendall(content[start : start + SEND_BLOCK])
            patience.progress()

    def _until(self, end: bytes, patience: Patience | None = None) -> bytes:
        """What comes before `end`."""
        block = self._ahead
        while (found := block.find(end)) < 0:
            if len(block) > LIMIT:
                raise MalformedAnswer(f"a head or line over {LIMIT} bytes")
            if patience is not None:
                self.wait_for_bytes(patience.left())
            try:
                came = self._open.recv(READ_AHEAD)
            except (BlockingIOError, TimeoutError):
                if patience is None:
                    raise TimeoutError from None
                continue  # whether to go on waiting, `left` decides
            if not came:
                raise ConnectionResetError("the connection was closed before an answer")
            block += came
        self._ahead = block[found + len(end) :]
        return block[:found]


def _behind(pieces: list[memoryview], sent: int) -> list[memoryview]:
    """What is left of the pieces after their first `sent` bytes."""
    for number, piece in enumerate(pieces):
        if sent < len(piece):
            return [piece[sent:], *pieces[number + 1 :]]
        sent -= len(piece)
    return []


def _limit(sock: socket.socket, option: int, seconds: float) -> None:
    """Let the kernel end a blocking send or receive after `seconds`, with EAGAIN."""
    microseconds = int(seconds * 1_000_000)
    sock.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", *divmod(microseconds, 1_000_000)))
