"""A thread pool with bulkheads: each kind of work has its own permits, and so cannot take the threads of another.

Not concurrent.futures: its executor has one queue for all, and a task cannot change its kind while it runs.
"""

import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue

Task = Callable[["Permit"], None]
"""What a thread runs. It must not raise."""


class Bulkhead:
    """One kind of work: at most `threads` tasks at once, and at most `queue` that wait; without it any number."""

    def __init__(self, threads: int, queue: int | None = None) -> None:
        self.threads = threads
        self.queue = queue
        self.running = 0
        self.waiting: deque[Task] = deque()

    @property
    def has_permit(self) -> bool:
        """Whether another task can start now."""
        return self.running < self.threads

    @property
    def is_full(self) -> bool:
        """Whether a task could not even wait."""
        return self.queue is not None and not self.has_permit and len(self.waiting) >= self.queue


class Permit:
    """What a running task holds; its bulkhead changes when it is exchanged."""

    __slots__ = ("bulkhead", "task")

    def __init__(self, bulkhead: Bulkhead, task: Task) -> None:
        self.bulkhead = bulkhead
        self.task = task


class ThreadPool:
    """As many threads as tasks have run at once, each started when it is first needed.

    They are daemons: a process that has to end at once (SIGQUIT, the end of graceful_timeout) does not wait for them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handed_over: SimpleQueue[Permit] = SimpleQueue()
        self._idle = 0

    def submit(self, bulkhead: Bulkhead, task: Task) -> bool:
        """Run `task` when `bulkhead` has a permit; False if its queue is full."""
        with self._lock:
            if bulkhead.is_full:
                return False
            if bulkhead.has_permit:
                bulkhead.running += 1
                self._hand_over(Permit(bulkhead, task))
            else:
                bulkhead.waiting.append(task)
        return True

    def exchange(self, permit: Permit, wanted: Bulkhead) -> bool:
        """Let the running task go on under `wanted`, and the next of its old kind start; False if none is left."""
        with self._lock:
            if not wanted.has_permit:
                return False
            wanted.running += 1
            left, permit.bulkhead = permit.bulkhead, wanted
            following = self._next_of(left)
            if following is not None:
                self._hand_over(following)
        return True

    def _next_of(self, bulkhead: Bulkhead) -> Permit | None:
        """The permit of a task that is done, for the one that has waited longest; without one it is given back."""
        if bulkhead.waiting:
            return Permit(bulkhead, bulkhead.waiting.popleft())
        bulkhead.running -= 1
        return None

    def _hand_over(self, permit: Permit) -> None:
        if self._idle:
            self._idle -= 1
            self._handed_over.put(permit)
        else:
            threading.Thread(target=self._work, args=(permit,), name="request", daemon=True).start()

    def _work(self, permit: Permit) -> None:
        while True:
            permit.task(permit)
            with self._lock:
                following = self._next_of(permit.bulkhead)
                self._idle += following is None
            permit = following or self._handed_over.get()
