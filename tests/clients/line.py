"""A line to several instances of the service that breaks again and again, and counts what it hands to them."""

import contextlib
import itertools
import random
from collections.abc import Iterator, Sequence

from dev.parts.processes import HOST
from tests.faults.proxy import Proxy


class BadLine(Proxy):
    """Leads each new connection to the next instance. Breaks all connections after each of `breaks` bytes."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._instances = itertools.cycle((HOST, port) for port in ports)
        self.handed = 0
        """Bytes of clients that it has handed on."""
        self.breaks: list[int] = []
        super().__init__((HOST, ports[0]))
        self.watch = self._count

    @property
    def upstream(self) -> tuple[str, int]:
        """Where the next connection goes."""
        return next(self._instances)

    @upstream.setter
    def upstream(self, _: tuple[str, int]) -> None:
        """There are several."""

    def begin(self, size: int, cuts: int) -> None:
        """Count anew, and break so often while `size` bytes go through."""
        self.handed = 0
        self.breaks = sorted(random.sample(range(size), cuts))

    @contextlib.contextmanager
    def losing_answers_to(self, method: bytes) -> Iterator[None]:
        """Connections on which a request of this method comes carry no more answers."""
        self.watch = lambda block: not block.startswith(method)
        try:
            yield
        finally:
            self.watch = self._count

    def _count(self, block: bytes) -> bool:
        self.handed += len(block)
        if self.breaks and self.handed > self.breaks[0]:
            self.breaks.pop(0)
            self._break()
        return True

    def _break(self) -> None:
        """Reset the clients. What was handed on arrives: nobody takes it back out of an instance's socket."""
        with self._lock:
            links = list(self._links)
        for link in links:
            link.hang_up()


@contextlib.contextmanager
def bad_line(ports: Sequence[int]) -> Iterator[BadLine]:
    """A line to the instances at these ports."""
    line = BadLine(ports)
    try:
        yield line
    finally:
        line.close()
