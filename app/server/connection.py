"""One client's connection: its socket, the parser of its heads, and what is in progress on it."""

import contextlib
import fcntl
import select
import socket
import struct
import time
from collections.abc import Callable
from enum import Enum
from typing import Any

from gunicorn.http.errors import InvalidHeader, LimitRequestHeaders
from gunicorn.http.message import Request
from gunicorn.http.unreader import Unreader

from app.loopback import send_at_once
from app.server import routes
from app.server.client_socket import never_block
from app.server.incoming_body import IncomingBody
from app.server.response import Sending, StreamedResponse

HEAD_LIMIT = 1 << 16
"""Bytes of a head, all its lines together."""
BLOCK = 1 << 14
"""Bytes received at once of heads and small bodies."""
SIOCOUTQ = 0x5411
"""Linux: how many bytes the client has not acknowledged yet (also TIOCOUTQ)."""

_DISCARDED = bytearray(1 << 20)
"""What is thrown away goes here, of all connections: nobody reads it."""


class State(Enum):
    """What a connection waits for. docs/ARCHITECTURE.md, 'Connections', says who holds what in each."""

    IDLE = "the next request"
    HEAD = "the rest of a head"
    BODY = "the rest of a small body"
    WORK = "a thread, or has one"
    READER = "a client that takes no more of its answer"
    LINGERING = "a client that still sends what nobody reads"


class HeadReader(Unreader):  # type: ignore[misc]  # gunicorn has no types
    """The bytes of a head, for gunicorn's parser: all were received, and no more are read while it is parsed."""

    def chunk(self, size_hint: int | None = None) -> bytes:  # noqa: ARG002 - gunicorn's interface
        """Raises LimitRequestHeaders: the head does not end where it may at most."""
        raise LimitRequestHeaders("the head is over its limit")


class Connection:
    """A client's socket and what is in progress there. `client` and `server` are addresses."""

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any) -> None:
        self.cfg = cfg
        self.sock = sock
        self.client = client
        self.server = server
        self.descriptor = sock.fileno()
        never_block(sock)
        send_at_once(sock)
        self.state = State.IDLE
        self.received = bytearray()
        """What the client has sent and nobody has taken: from the next head on, or in the midst of a body."""
        self.head = b""
        """The head of the present request as it came, for as long as it may be refused."""
        self.request: Any = None
        self.body: Any = None
        """An IncomingBody, while there is a request."""
        self.sending: Sending | None = None
        self.response: StreamedResponse | None = None
        self.keeps_alive = False
        self.gathered = 0
        """Bytes that its gathered body counts for."""
        self.body_deadline = 0.0
        self.began = 0.0
        """time.monotonic() since which the rest of a head or a small body is waited for; 0 if it is not."""
        self.login_queue_full = False
        self.expires = 0.0
        self.on_expiry: Callable[[Connection], None] = Connection.close
        self._reader = HeadReader()
        self._requests = 0
        self._unacknowledged = 0
        self._progress_at = 0.0

    def receive(self) -> bool:
        """Take some of what the client has sent; False if there was nothing. Raises EOFError, OSError."""
        try:
            block = self.sock.recv(BLOCK)
        except BlockingIOError:
            return False
        if not block:
            raise EOFError
        self.received += block
        return True

    def has_head(self, seen: int = 0) -> bool:
        """Whether a head is here, or what can only be refused; the first `seen` bytes were looked at before."""
        if self.received.find(b"\r\n\r\n", max(0, seen - 3)) >= 0 or len(self.received) > HEAD_LIMIT:
            return True
        # A bare line feed never ends a head: refuse it now rather than when its time is over.
        return self.received.count(b"\n") != self.received.count(b"\r\n")

    def begin_request(self) -> None:
        """Parse the head that is here, and see what there is of its body. Raises ParseException."""
        self.head = bytes(self.received)
        self.began = 0.0
        self._reader.take_buffered()
        self._reader.unread(self.head)
        self._requests += 1
        request = self.request = Request(self.cfg, self._reader, self.client, self._requests)
        del self.received[: len(self.head) - len(self._reader.take_buffered())]
        check_host(request)
        # A later minor version is understood as far as we know it, and answered as what we are (RFC 9110, 2.5).
        request.version = min(request.version, (1, 1))
        self.body = IncomingBody(request, self.received, routes.gathered_limit(request))

    def end_request(self) -> None:
        """Keep nothing of a request that was answered: thousands of connections may wait for their next one."""
        self.head = b""
        self.request = self.body = self.response = None

    def wait_readable(self, seconds: float) -> bool:
        """Whether the client sends something, or goes, within this time."""
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
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
            never_block(self.sock)
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

    @property
    def is_closed(self) -> bool:
        """Whether the socket was given back."""
        return self.sock.fileno() < 0

    def close(self) -> None:
        """Give the socket back; in the midst of an answer its rest is thrown away."""
        if self.sending is not None:
            with contextlib.suppress(OSError):
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


def check_host(request: Any) -> None:
    """HTTP/1.1 names its host (RFC 9112, 3.2); gunicorn refuses two. Raises InvalidHeader."""
    if request.version > (1, 0) and not any(name == "HOST" for name, _ in request.headers):
        raise InvalidHeader("HOST")
