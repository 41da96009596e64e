"""Threads beside a test: daemons, told to stop however the test ends, and waited for with a limit."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence

LIMIT = 120.0
"""Seconds; far above what any of them may take once it is to stop, as each request has a limit of its own."""


def start(*works: Callable[[], object]) -> list[threading.Thread]:
    """Each in a thread of its own. The process can end without them."""
    threads = [threading.Thread(target=work, daemon=True) for work in works]
    for thread in threads:
        thread.start()
    return threads


def join(threads: Sequence[threading.Thread], seconds: float = LIMIT) -> None:
    """Wait until all have ended. Raises TimeoutError where one has not."""
    for thread in threads:
        thread.join(seconds)
    if left := [thread for thread in threads if thread.is_alive()]:
        raise TimeoutError(f"{len(left)} of {len(threads)} threads had not ended after {seconds:.0f} s")


@contextlib.contextmanager
def running(*works: Callable[[], object], stop: threading.Event | None = None) -> Iterator[None]:
    """Run them beside the block; at its end, whatever it raises, `stop` is set and they are waited for."""
    threads = start(*works)
    try:
        yield
    finally:
        if stop:
            stop.set()
        join(threads)
