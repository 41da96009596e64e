"""A watchdog timer for blocking calls of libpq: shuts down the socket of a connection that is overdue.

libpq then reports a lost connection to the thread that waits in it. psycopg2's wait callback could keep the time as
well, but goes through Python for each piece of an answer: see docs/performance.md for what that costs.
"""

import contextlib
import os
import socket
import threading
import time
from dataclasses import dataclass
from typing import Any

import psycopg2

TICK = 0.05
"""Seconds between two looks: what a limit may be exceeded by."""

IDLE_TICKS = 40
"""Looks at nothing after which the watchdog sleeps until it is needed."""


@dataclass(slots=True, eq=False)
class Watch:
    """A connection that is waited for until this time of the monotonic clock."""

    driver: Any
    until: float
    is_cut: bool = False


class Watchdog:
    """One thread of the process, started by the first watch; a forked child starts its own."""

    def __init__(self) -> None:
        self._forget()
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._watches: set[Watch] = set()
        self._changed = threading.Condition(threading.Lock())
        self._is_awake = False
        self._thread: threading.Thread | None = None

    def watch(self, driver: Any, until: float) -> Watch:
        """Cut this connection at `until`, unless it is released before."""
        watch = Watch(driver, until)
        with self._changed:
            self._watches.add(watch)
            if not self._is_awake:
                self._wake()
        return watch

    def release(self, watch: Watch) -> bool:
        """Stop watching; from now on the connection is not touched. Returns whether it was cut."""
        with self._changed:
            self._watches.discard(watch)
        return watch.is_cut

    def _wake(self) -> None:
        self._is_awake = True
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="database watchdog", daemon=True)
            self._thread.start()
        else:
            self._changed.notify()

    def _run(self) -> None:
        idle = 0
        while True:
            time.sleep(TICK)
            with self._changed:
                idle = 0 if self._watches else idle + 1
                self._cut_overdue()
                if idle > IDLE_TICKS:
                    self._is_awake, idle = False, 0
                    while not self._is_awake:
                        self._changed.wait()

    def _cut_overdue(self) -> None:
        now = time.monotonic()
        for watch in [each for each in self._watches if each.until <= now]:
            self._watches.discard(watch)
            watch.is_cut = True
            shut_down(watch.driver)


def shut_down(driver: Any) -> None:
    """End both directions of a connection's socket, which stays open: libpq still has it."""
    with contextlib.suppress(OSError, psycopg2.Error), socket.socket(fileno=os.dup(driver.fileno())) as duplicate:
        duplicate.shutdown(socket.SHUT_RDWR)


WATCHDOG = Watchdog()
