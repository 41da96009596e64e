"""A slow line to the service, which can be cut."""

import contextlib
import socket

from tests.faults.proxy import Proxy

SLOWLY = 0.02
"""Seconds that each block of 256 KiB waits in the proxy."""


class Line:
    """A slow line to the service; `sent`: bytes of clients that it has handed on."""

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        self.sent = 0
        proxy.delay = SLOWLY
        proxy.watch = self._count
        self.url = f"http://{proxy.address}"
        self.environ = {"OPAMPKG_SERVER": self.url}

    def cut(self) -> None:
        """End all connections; what was handed on before arrives."""
        for link in list(self.proxy._links):
            with contextlib.suppress(OSError):
                link.client.shutdown(socket.SHUT_RDWR)

    def _count(self, block: bytes) -> bool:
        self.sent += len(block)
        return True
