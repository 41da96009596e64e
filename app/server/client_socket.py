"""A client's socket while it sends a body: it may be silent for so long, and take so long in all."""

import socket
import struct
import time
from collections.abc import Callable
from typing import TypeVar

Received = TypeVar("Received")

TICK = 0.25
"""Seconds after which the kernel gives what has come, or nothing: then there is a look at the clock."""


def never_block(sock: socket.socket) -> None:
    """Let `sock` raise BlockingIOError instead of waiting; at no cost where it does so already."""
    if sock.gettimeout() != 0:
        sock.setblocking(False)


class ClientSocket:
    """Blocking reads from `sock`. Raises TimeoutError after `stall` seconds of silence, and after `deadline`.

    Not Python's own timeout: under it every read polls first, and takes as little as there is at that moment. With
    many small reads a body cost a fifth more of the processor.
    """

    def __init__(self, sock: socket.socket, stall: float, check: Callable[[], None] = lambda: None) -> None:
        """`check` is called before each wait, every TICK; what it raises ends it."""
        self._sock = sock
        self._check = check
        self._stall = stall
        self._is_set_up = False
        self.deadline: float | None = None
        """time.monotonic() by which the body must be whole."""

    def also_check(self, check: Callable[[], None]) -> None:
        """Call `check` besides."""
        before = self._check

        def both() -> None:
            before()
            check()

        self._check = both

    def receive(self, size: int) -> bytes:
        """What has come, `size` bytes at most; b"" at the end."""
        return self._patiently(lambda: self._sock.recv(size))

    def fill(self, buffer: memoryview) -> int:
        """Fill `buffer` and return how many bytes: fewer at the end or from a slow client, 0 at the end only."""
        return self._patiently(lambda: self._sock.recv_into(buffer, 0, socket.MSG_WAITALL))

    def _patiently(self, receive: Callable[[], Received]) -> Received:
        self._set_up()
        silent_since = time.monotonic()
        while True:
            self._check()
            if self.deadline is not None and time.monotonic() >= self.deadline:
                raise TimeoutError
            try:
                return receive()
            except BlockingIOError:  # TICK is over
                if time.monotonic() - silent_since >= self._stall:
                    raise TimeoutError from None

    def _set_up(self) -> None:
        if not self._is_set_up:
            self._sock.settimeout(None)
            microseconds = int(TICK * 1_000_000)
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, microseconds))
            self._is_set_up = True
