"""The gunicorn worker of the service: `gunicorn.workers.base.Worker` with an event loop and threads of its own.

Of gunicorn there remain the arbiter, the parser of heads, `wsgi.create` and `Response`; its version is pinned.
app/server/__init__.py says what each piece beside them is for.
"""

import functools
import os
import time
from dataclasses import replace
from typing import Any

from gunicorn.workers.base import Worker as BaseWorker

from app.server.accept_balance import AcceptBalancer, ConnectionCounts
from app.server.acceptor import Acceptor
from app.server.connection import Connection
from app.server.connections import Connections
from app.server.event_loop import EventLoop
from app.server.limits import Limits
from app.server.serving import Outcome, RequestHandler
from app.server.settings import read_once, refuse_unsupported

EXIT_TIME = 0.5
"""Seconds of graceful_timeout that are left for the process to end by itself: after it the arbiter kills."""


class Worker(BaseWorker):  # type: ignore[misc]  # gunicorn has no types
    """Serves connections until it is told to stop. gunicorn.conf.py sets `limits` from the configuration."""

    limits = Limits()
    balances = True
    """Whether workers take turns in accepting."""

    counts: ConnectionCounts | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.balancer: AcceptBalancer | None = None
        if self.balances:
            # This runs in the master, before it forks: the counts are one for all.
            Worker.counts = Worker.counts or ConnectionCounts(self.cfg.workers)
            self.balancer = AcceptBalancer(Worker.counts)
        self._notified_at = 0.0

    @classmethod
    def check_config(cls, cfg: Any, _log: Any) -> None:
        """The arbiter asks this before it starts workers. Raises SystemExit for settings that are not honoured."""
        refuse_unsupported(cfg)

    def run(self) -> None:
        """Serve until told to stop, then finish what is in progress within graceful_timeout."""
        self._build()
        while self.alive and self._is_parent_alive():
            self.acceptor.start()
            self._turn()
        deadline = time.monotonic() + max(self.cfg.graceful_timeout - EXIT_TIME, EXIT_TIME)
        self.handler.is_stopping = True
        self.acceptor.stop()
        self.connections.stop()
        while self.connections.count and time.monotonic() < deadline:
            self._turn()
        self.connections.close_all()

    def _build(self) -> None:
        cfg = read_once(self.cfg)
        limits = replace(self.limits, keepalive=float(cfg.keepalive))
        self.loop = EventLoop()
        self.loop.watch(self.PIPE[0], self._empty_pipe)
        self.handler = RequestHandler(self.wsgi, cfg, limits)
        self.connections = Connections(self.loop, limits, self._serve, self._note)
        self.acceptor = Acceptor(self.loop, self.sockets, cfg, self.balancer, self.connections)

    def _turn(self) -> None:
        self.loop.turn(self.limits.tick)
        now = time.monotonic()
        if now - self._notified_at >= self.limits.tick:
            self._notified_at = now
            self.notify()
            self.connections.expire()

    def _serve(self, conn: Connection) -> None:
        self.handler.start(conn, self._served)

    def _served(self, conn: Connection, outcome: Outcome) -> None:
        self.loop.call_soon(functools.partial(self.connections.finished, conn, outcome))

    def _note(self, connections: int) -> None:
        self.acceptor.note(connections)

    def _empty_pipe(self) -> None:
        """A signal has come: its handler has run, and the loop was woken for what it changed."""
        os.read(self.PIPE[0], 1 << 10)

    def _is_parent_alive(self) -> bool:
        if self.ppid == os.getppid():
            return True
        self.log.info("the master is gone, worker %s stops", self.pid)
        return False
