"""The listeners: new connections are accepted in turns with the other workers, and up to worker_connections."""

import errno
import functools
import logging
import time
from typing import Any

from app.server.accept_balance import AcceptBalancer
from app.server.connection import Connection
from app.server.connections import Connections
from app.server.event_loop import EventLoop

_TRANSIENT = {errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED, errno.EINTR}
_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
PAUSE = 0.25
"""Seconds until the next try where the system has nothing left for a connection."""

log = logging.getLogger(__name__)


class Acceptor:
    """Accepts from `listeners` while there is room, and makes room where it can."""

    def __init__(
        self, loop: EventLoop, listeners: list[Any], cfg: Any, balancer: AcceptBalancer | None, connections: Connections
    ) -> None:
        self._loop = loop
        self._listeners = listeners
        self._cfg = cfg
        self._balancer = balancer
        self._connections = connections
        self._is_accepting = False

    def start(self) -> None:
        """Take part."""
        if self._is_accepting or self._is_full():
            return
        self._is_accepting = True
        self.note(self._connections.count)
        for listener in self._listeners:
            listener.setblocking(False)
            self._loop.watch(listener.fileno(), functools.partial(self._on_readable, listener))

    def _pause(self) -> None:
        self._is_accepting = False
        if self._balancer:
            self._balancer.pause()
        for listener in self._listeners:
            self._loop.forget(listener.fileno())

    def note(self, count: int) -> None:
        """Tell the other workers how many connections this one has."""
        if self._is_accepting and self._balancer:
            self._balancer.note(count)

    def _on_readable(self, listener: Any) -> None:
        if self._balancer and not self._balancer.may_accept():
            return
        if self._is_full():
            # Threads work on all of them: `start` is called again soon.
            self._pause()
            return
        if self._connections.count >= self._cfg.worker_connections:
            self._connections.make_room()
        self._accept(listener)

    def _is_full(self) -> bool:
        return self._connections.count >= self._cfg.worker_connections and not self._connections.can_make_room

    def _accept(self, listener: Any) -> bool:
        """Take one; whether there was one."""
        try:
            client, address = listener.accept()
        except OSError as error:
            self._failed(error)
            return False
        self._connections.add(Connection(self._cfg, client, address, listener.getsockname()))
        return True

    def _failed(self, error: OSError) -> None:
        if error.errno in _EXHAUSTED:
            log.error("cannot take a connection: %s", error)
            time.sleep(PAUSE)
        elif error.errno not in _TRANSIENT:
            raise error

    def stop(self) -> None:
        """Take those that have come, and no more ever."""
        self._pause()
        for listener in self._listeners:
            while self._accept(listener):
                pass
            # Otherwise clients would connect, and wait for an answer that never comes.
            listener.close()
