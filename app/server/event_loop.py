"""The event loop of a worker: epoll, and calls that threads leave for it.

Not `selectors` or asyncio: a wait here is one epoll_ctl, armed for one event (EPOLLONESHOT), so that a socket can be
given to a thread and back without being registered anew.
"""

import os
import select
from collections import deque
from collections.abc import Callable

READABLE = select.EPOLLIN
WRITABLE = select.EPOLLOUT

Call = Callable[[], None]


class EventLoop:
    """Calls back when a descriptor is ready. All but `call_soon` belongs to the thread that runs `turn`."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._callbacks: dict[int, Call] = {}
        self._known: set[int] = set()
        self._calls: deque[Call] = deque()
        self._is_woken = False
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.watch(self._wake, self._run_calls)

    def watch(self, descriptor: int, callback: Call) -> None:
        """Call `callback` whenever `descriptor` is readable, until `forget`."""
        self._epoll.register(descriptor, READABLE)
        self._known.add(descriptor)
        self._callbacks[descriptor] = callback

    def once(self, descriptor: int, event: int, callback: Call) -> None:
        """Call `callback` when `event` is there the next time, once."""
        arm = self._epoll.modify if descriptor in self._known else self._epoll.register
        arm(descriptor, event | select.EPOLLONESHOT)
        self._known.add(descriptor)
        self._callbacks[descriptor] = callback

    def forget(self, descriptor: int) -> None:
        """Watch it no more; before it is closed, since its number comes again."""
        if descriptor in self._known:
            self._known.discard(descriptor)
            self._callbacks.pop(descriptor, None)
            self._epoll.unregister(descriptor)

    def call_soon(self, call: Call) -> None:
        """Have the loop make this call; from any thread."""
        self._calls.append(call)
        if not self._is_woken:
            self._is_woken = True
            os.eventfd_write(self._wake, 1)

    def turn(self, seconds: float) -> None:
        """Wait so long at most for something to do, and do what there is."""
        for descriptor, _ in self._epoll.poll(seconds):
            # One that an earlier callback of this turn has closed may be another by now, which finds nothing to do.
            callback = self._callbacks.get(descriptor)
            if callback is not None:
                callback()

    def _run_calls(self) -> None:
        os.eventfd_read(self._wake)
        # First: a call that comes from here on wakes the loop once more.
        self._is_woken = False
        while self._calls:
            self._calls.popleft()()
