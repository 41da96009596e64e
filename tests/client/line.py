"""A slow line to the service, which can be cut."""

import contextlib
import math
import threading

from dev.parts import processes
from tests.faults.proxy import Proxy

SLOWLY = 0.02
"""Seconds that each block of 256 KiB waits in the proxy."""


class Line:
    """A slow line to the service; `sent`: bytes of clients that it has handed on.

    It stands still once these are `hold_at`: however slowly a test looks, no more than that has gone through.
    """

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        self.sent = 0
        self.hold_at = math.inf
        self.holds = threading.Event()
        self._held = contextlib.ExitStack()
        proxy.delay = SLOWLY
        proxy.watch = self._count
        self.url = f"http://{proxy.address}"
        self.environ = {"OPAMPKG_SERVER": self.url}

    def cut(self) -> None:
        """End all connections; what was handed on before arrives."""
        for link in list(self.proxy._links):
            link.hang_up()

    def drop(self) -> None:
        """Forget what was held back and those who sent it, as a dead machine's line does, and go on for others."""
        self.proxy.cut()
        self.hold_at = math.inf
        self._held.close()
        processes.wait_until(lambda: not self.proxy._links, "The end of the old connections")

    def _count(self, block: bytes) -> bool:
        self.sent += len(block)
        if self.sent >= self.hold_at and not self.holds.is_set():
            self._held.enter_context(self.proxy.swallowing())
            self.holds.set()
        return True
