"""Network stream to an S3: the bytes of one socket, in and out, every wait with a time limit.

The lowest of the HTTP client's three floors; above it are the protocol (response_head.py, response_body.py) and the
reuse of connections (connection_pool.py). Neither http.client nor urllib3: the former's parser cost more than all else
of a small request, and the latter sends under its connect timeout, counts that for a whole body instead of for a
standstill, and does not tell whether a connection that failed was a kept one, the only case in which sending again is
right.
"""

import os
import select
import socket
import ssl
import struct

from app.storage.s3.deadline import CONNECT_TIMEOUT, ProgressDeadline
from app.storage.s3.dialer import Dialer

SEND_BLOCK = 256 * 1024
"""Bytes per send over TLS: a timeout counts for all that is given, so this is what has to move within it."""

TICK = 0.25
"""Seconds of standstill after which a blocking send looks at its deadline."""

SPLICE_LOW_WATER = 256 * 1024
"""Bytes that a splice waits for: fewer and larger turns take a third less of the CPU.

Above this, the kernel's buffers grow under the bursts: 1 MiB has 32 MiB waiting for each slow client instead of 19.
"""

SPLICE_MAX_WAIT = 0.02
"""Seconds for which it waits for them."""

LATE_LINES = 12
"""Empty lines at most behind a request that is to outlive us, one each LATE_LINE seconds: the first that comes after
the server has read the request counts."""

LATE_LINE = 0.001

READ_AHEAD = 8192
"""Bytes read at once while a delimiter is searched, so as much of what follows may come along."""

MAX_LINE = 1 << 16
"""Bytes up to a delimiter: of a response's head, or of a line."""


class Connection:
    """One connection; `kept` says that it has carried a request before.

    Each method raises OSError where the connection fails, TimeoutError where the time for it is over.
    """

    def __init__(self, dialer: Dialer) -> None:
        self._dialer = dialer
        self._socket: socket.socket | None = None
        self._ahead = b""
        self._low_water = 1
        self._deadline: ProgressDeadline | None = None
        self.kept = False
        self.may_be_kept = True
        self.idle_since = 0.0

    def send(self, head: bytes, body: memoryview, deadline: ProgressDeadline) -> None:
        """Connect if need be and send a request; each piece that the server took counts as progress."""
        if self._socket is None:
            self._socket = self._dialer.connect(min(CONNECT_TIMEOUT, deadline.remaining()))
            if self.is_plain:
                # Much cheaper than Python's own timeout, under which it polls before each of many small sends.
                self._socket.settimeout(None)
                _set_timeout(self._socket, socket.SO_SNDTIMEO, TICK)
        if not self.is_plain:
            self._send_in_blocks(head, deadline)
            self._send_in_blocks(body, deadline)
            return
        pieces = [memoryview(head), body]
        while pieces:
            try:
                pieces = _unsent(pieces, self._socket.sendmsg(pieces))
            except BlockingIOError:
                deadline.remaining()
            else:
                deadline.reset()

    def send_late_lines(self) -> None:
        """Send empty lines behind a request while it is carried out: then MinIO does not notice if we die.

        Go's net/http watches for the client's end by reading one byte ahead, and cancels the request when it comes;
        with a byte at hand it watches no more. A MinIO that is cancelled within CompleteMultipartUpload may have
        deleted what it knows of the parts, and makes no object. Of 60 connections each that were cut 1 to 12 ms after
        the request, 14 lost all parts without these lines and 3 with them, those cut within the first millisecond
        (2026-11-25, busy machine). By RFC 9112, 2.2 servers ignore empty lines before a request, and clients send none
        behind one: so the connection is not kept.
        """
        self.may_be_kept = False
        for _ in range(LATE_LINES):
            if self._poll(LATE_LINE):
                return
            self._open.sendall(b"\r\n")

    def read_until(self, delimiter: bytes) -> bytes:
        """What comes before `delimiter`, which is read too; ConnectionError if that is over MAX_LINE bytes."""
        block = self._ahead
        while (found := block.find(delimiter)) < 0:
            if len(block) > MAX_LINE:
                raise ConnectionError(f"a head or line over {MAX_LINE} bytes")
            came = self._receive(READ_AHEAD)
            if not came:
                raise ConnectionResetError("the connection was closed before an answer")
            block += came
        self._ahead = block[found + len(delimiter) :]
        return block[:found]

    def read(self, size: int) -> bytes:
        """The next `size` bytes; fewer where they do not come at once, b"" at the connection's end."""
        ahead = self._take_ahead(size)
        if len(ahead) == size:
            return ahead
        return ahead + self._receive(size - len(ahead), socket.MSG_WAITALL if self.is_plain else 0)

    def splice(self, pipe: int, size: int) -> int:
        """Move up to `size` bytes into an empty pipe; 0 at the connection's end.

        By splice(2) from a plain socket; what was read ahead, and what comes by TLS, is copied. `end_splicing` has to
        follow before anything else is read.
        """
        if self._ahead or not self.is_plain:
            return os.write(pipe, self._take_ahead(size) or self.read(min(size, READ_AHEAD)))
        self._set_low_water(min(size, SPLICE_LOW_WATER))
        if not self._poll(SPLICE_MAX_WAIT):
            self._set_low_water(1)  # a slow S3: take what there is, or wait for any byte
        try:
            return os.splice(self._open.fileno(), pipe, size)
        except BlockingIOError:
            raise TimeoutError from None

    def end_splicing(self) -> None:
        """Let whoever reads next be woken by the first byte."""
        self._set_low_water(1)

    def set_read_deadline(self, deadline: ProgressDeadline) -> None:
        """From now on wait for all that is read together until `deadline`, which the caller may reset."""
        self._deadline = deadline

    def set_read_timeout(self, seconds: float) -> None:
        """From now on wait at most `seconds` for each piece that is read or spliced."""
        self._deadline = None
        self._limit_reads(seconds)

    def _limit_reads(self, seconds: float) -> None:
        if self.is_plain:
            _set_timeout(self._open, socket.SO_RCVTIMEO, seconds)
        else:
            self._open.settimeout(seconds)

    @property
    def is_plain(self) -> bool:
        """Whether the socket has the bytes as they are: no TLS."""
        return not isinstance(self._socket, ssl.SSLSocket)

    @property
    def has_unread(self) -> bool:
        """Whether bytes were read ahead that nobody has asked for."""
        return bool(self._ahead)

    def is_closed_by_server(self) -> bool:
        """Whether the idle connection has something to read: an end of file, or what nobody asked for."""
        return self._poll(0)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    @property
    def _open(self) -> socket.socket:
        if self._socket is None:
            raise ConnectionResetError("the connection is closed")
        return self._socket

    def _receive(self, size: int, flags: int = 0) -> bytes:
        while True:
            if self._deadline is not None:
                self._limit_reads(self._deadline.remaining())
            try:
                return self._open.recv(size, flags)
            except (BlockingIOError, TimeoutError):
                if self._deadline is None:
                    raise TimeoutError from None
                # Whether to go on waiting, `remaining` decides.

    def _take_ahead(self, size: int) -> bytes:
        block, self._ahead = self._ahead[:size], self._ahead[size:]
        return block

    def _set_low_water(self, size: int) -> None:
        if size != self._low_water:
            self._open.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)
            self._low_water = size

    def _poll(self, seconds: float) -> bool:
        poller = select.poll()
        poller.register(self._open, select.POLLIN)
        return bool(poller.poll(seconds * 1000))

    def _send_in_blocks(self, content: bytes | memoryview, deadline: ProgressDeadline) -> None:
        for start in range(0, len(content), SEND_BLOCK):
            self._open.settimeout(deadline.remaining())
            self._open.sendall(content[start : start + SEND_BLOCK])
            deadline.reset()


def _unsent(pieces: list[memoryview], sent: int) -> list[memoryview]:
    """What is left of the pieces after their first `sent` bytes."""
    for number, piece in enumerate(pieces):
        if sent < len(piece):
            return [piece[sent:], *pieces[number + 1 :]]
        sent -= len(piece)
    return []


def _set_timeout(sock: socket.socket, option: int, seconds: float) -> None:
    """Let the kernel end a blocking send or receive after `seconds`, with EAGAIN."""
    microseconds = int(seconds * 1_000_000)
    sock.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", *divmod(microseconds, 1_000_000)))
