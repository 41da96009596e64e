"""Non-blocking log output: lines go to standard error at once, or into a bounded backlog while it takes none.

A log collector that stands still leaves a full pipe; a blocking write would then stop every thread of the service.
"""

import contextlib
import os
import select
import socket
import stat
import sys
import threading
import time
from collections import deque
from collections.abc import Callable

LOOK = 1.0
"""Seconds between two looks at which file standard error is, each of which is a system call."""

MAX_BACKLOG = 1 << 20
"""Bytes that wait for standard error; lines beyond them are dropped and counted."""

Identity = tuple[int, int, int]
Send = Callable[[bytes], int]


class Output:
    """Standard error, also where it becomes another file. `on_drop` is told how many lines could not be kept."""

    def __init__(self, on_drop: Callable[[int], str]) -> None:
        """`on_drop` gives the line that is written once there is room again, for a number of dropped lines."""
        self._on_drop = on_drop
        self._lock = threading.Lock()
        self._begin_anew()
        os.register_at_fork(after_in_child=self._begin_anew)

    def _begin_anew(self) -> None:
        """After a fork another thread's lock may be held for ever, and the backlog is the parent's to write."""
        self._lock = threading.Lock()
        self._backlog: deque[bytes] = deque()
        self._waiting = 0
        self.dropped = 0
        self._opened: tuple[Identity, Send] | None = None
        self._looked_at = 0.0

    def write(self, line: bytes) -> None:
        """Write `line`, or keep it until there is room. Never blocks. Raises OSError where there is no such file."""
        if not self._backlog:
            # Without the lock: a write lets other threads run, and each of them would wait for it.
            line = line[self._send(line) :]
        if line:
            with self._lock:
                self._keep(line)

    def _keep(self, line: bytes) -> None:
        if self._waiting + len(line) > MAX_BACKLOG:
            self.dropped += 1
            return
        self._backlog.append(line)
        self._waiting += len(line)
        if len(self._backlog) == 1:
            threading.Thread(target=self._write_backlog, name="log backlog", daemon=True).start()

    def _write_backlog(self) -> None:
        while True:
            with contextlib.suppress(OSError, ValueError):
                select.select([], [sys.stderr.fileno()], [], 1.0)
            with self._lock:
                if not self._backlog or self._flush():
                    return

    def _flush(self) -> bool:
        """Write what there is room for; whether that is all of it."""
        try:
            while self._backlog:
                line = self._backlog.popleft()
                count = self._send(line)
                self._waiting -= count
                if count < len(line):
                    self._backlog.appendleft(line[count:])
                    return False
                if self.dropped:
                    self._report_dropped()
        except OSError:
            self._backlog.clear()
            self._waiting = 0
        return True

    def _report_dropped(self) -> None:
        line = self._on_drop(self.dropped).encode() + b"\n"
        self.dropped = 0
        self._backlog.append(line)
        self._waiting += len(line)

    def _send(self, content: bytes) -> int:
        """Write what there is room for now; how many bytes."""
        try:
            return self._file()(content)
        except BlockingIOError:
            return 0

    def _file(self) -> Send:
        now = time.monotonic()
        if self._opened is None or now - self._looked_at > LOOK:
            self._looked_at = now
            descriptor = sys.stderr.fileno()
            status = os.fstat(descriptor)
            identity = (descriptor, status.st_dev, status.st_ino)
            if self._opened is None or self._opened[0] != identity:
                self._opened = identity, opened(descriptor, status.st_mode)
        return self._opened[1]


def opened(descriptor: int, mode: int) -> Send:
    """A way to write to this file that blocks nobody and changes nothing for others who have it."""
    if stat.S_ISSOCK(mode):
        journal = socket.socket(fileno=os.dup(descriptor))
        return lambda content: journal.send(content, socket.MSG_DONTWAIT)
    if stat.S_ISFIFO(mode):
        # O_NONBLOCK belongs to an open file description: this one is ours alone.
        pipe = os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        return lambda content: os.write(pipe, content)
    return lambda content: os.write(descriptor, content)
