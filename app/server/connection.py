"""One client's connection: its request heads are read as they trickle in, without a thread that waits for them."""

import fcntl
import select
import socket
import struct
import time
from collections.abc import Callable
from enum import Enum
from typing import Any

from gunicorn.http import get_parser
from gunicorn.workers.gthread import TConn

from app.loopback import send_at_once
from app.server.client_socket import never_block
from app.server.framing import Unreader
from app.server.response import Answer, Sending

HEAD_LIMIT = 1 << 16
"""Bytes of a head, all its lines together."""
SIOCOUTQ = 0x5411
"""Linux: how many bytes the client has not acknowledged yet (also TIOCOUTQ)."""

_DISCARDED = bytearray(1 << 20)
"""What is thrown away goes here, of all connections: nobody reads it."""


class Head(Enum):
    """How far the head of the next request has come."""

    PARTIAL = 1
    READY = 2
    GONE = 3


class Connection(TConn):  # type: ignore[misc]  # gunicorn has no types
    """A client's socket, the parser on it, and what is in progress there."""

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any) -> None:
        super().__init__(cfg, sock, client, server)
        send_at_once(sock)
        self.parser = get_parser(cfg, sock, client)
        self.parser.unreader = Unreader(sock)
        self.head = bytearray()
        self.sending: Sending | None = None
        self.answer: Answer | None = None
        self.keeps_alive = False
        self.expires = 0.0
        self.on_expiry: Callable[[Connection], None] = Connection.abort
        self._unacknowledged = 0
        self._progress_at = 0.0

    def receive_head(self) -> Head:
        """Take what the client has sent so far; READY also for what can only be refused."""
        seen = len(self.head)
        try:
            never_block(self.sock)
            received = self.sock.recv(1 << 14)
        except BlockingIOError:
            return Head.PARTIAL
        except OSError:
            return Head.GONE
        self.head += received
        return self.inspect_head(seen) if received else Head.GONE

    def inspect_head(self, seen: int = 0) -> Head:
        """Whether the head is whole; its first `seen` bytes were looked at before."""
        if self.head.find(b"\r\n\r\n", max(0, seen - 3)) >= 0 or len(self.head) > HEAD_LIMIT:
            return Head.READY
        # A bare line feed never ends a head: refuse it now rather than when its time is over.
        is_bare = self.head.count(b"\n") != self.head.count(b"\r\n")
        return Head.READY if is_bare else Head.PARTIAL

    def take_buffered(self) -> None:
        """Begin the next head with what was read beyond the last request."""
        self.head = bytearray(self.parser.unreader.take_buffered())

    def use_head(self) -> None:
        """Give the head that was received to the parser."""
        self.parser.unreader.unread(bytes(self.head))

    def wait_readable(self, seconds: float) -> bool:
        """Whether the client sends something, or goes, within this time."""
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def wait_writable(self, seconds: float) -> bool:
        """Whether the client takes more within this time."""
        poll = select.poll()
        poll.register(self.sock, select.POLLOUT)
        return bool(poll.poll(seconds * 1000))

    def start_watching_progress(self) -> None:
        """From now on `stalled_for` counts."""
        self._unacknowledged = self._outgoing()
        self._progress_at = time.monotonic()

    def stalled_for(self) -> float:
        """Seconds since the client was last seen to take a byte; it is looked at in each call."""
        unacknowledged = self._outgoing()
        if unacknowledged != self._unacknowledged:
            self._unacknowledged = unacknowledged
            self._progress_at = time.monotonic()
        return time.monotonic() - self._progress_at

    def _outgoing(self) -> int:
        answer = fcntl.ioctl(self.sock, SIOCOUTQ, struct.pack("i", 0))
        return int(struct.unpack("i", answer)[0])

    def shut(self) -> bool:
        """End the answer, and still read; False if the client is gone."""
        try:
            self.sock.setblocking(False)
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            return False
        return True

    def discard(self) -> bool:
        """Throw away what the client still sends; False when it has ended."""
        try:
            # MSG_TRUNC: the kernel drops the bytes and copies nothing (tcp(7)).
            return bool(self.sock.recv_into(_DISCARDED, 0, socket.MSG_TRUNC))
        except BlockingIOError:
            return True
        except OSError:
            return False

    def abort(self) -> None:
        """Cut the connection, with what is still to be sent on it."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()
