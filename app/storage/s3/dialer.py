"""Dialer: opens sockets within one timeout for everything, the DNS lookup, all the name's addresses, and TLS.

The addresses of a name take turns (round robin), so that all nodes behind it have their share; one that failed lately
comes last.
"""

import contextlib
import itertools
import socket
import ssl
import threading
import time
from concurrent.futures import Future
from typing import Any

from app.loopback import send_at_once

Address = tuple[socket.AddressFamily, Any]

AVOIDED = 10.0
"""Seconds for which an address that failed is tried behind the others; one that is silent costs each try its share."""


class Dialer:
    """Opens sockets to `endpoint`: host, host:port or [IPv6]:port. Safe for many threads."""

    def __init__(self, endpoint: str, *, use_ssl: bool) -> None:
        host, port = _split(endpoint)
        self._host = host
        self._port = port or (443 if use_ssl else 80)
        self._context = ssl.create_default_context() if use_ssl else None
        self._lookup: Future[list[Address]] | None = None
        self._lock = threading.Lock()
        self._turns = itertools.count()
        self._avoided_until: dict[Address, float] = {}

    def connect(self, seconds: float) -> socket.socket:
        """A connected socket. Raises OSError; TimeoutError if it takes longer than `seconds` altogether."""
        end = time.monotonic() + seconds
        addresses = self._in_turn(self._addresses(seconds))
        error = OSError(f"no address for {self._host}")
        for tried, address in enumerate(addresses):
            try:
                share = (end - time.monotonic()) / (len(addresses) - tried)
                return self._connected(*address, max(share, 0.001), end)
            except OSError as failure:
                self._avoided_until[address] = time.monotonic() + AVOIDED
                error = failure
        raise error

    def _in_turn(self, addresses: list[Address]) -> list[Address]:
        """Each time another one first, of those of the family that the system prefers."""
        if len(addresses) < 2:
            return addresses
        avoided = {each: until for each, until in self._avoided_until.copy().items() if each in addresses}
        self._avoided_until = avoided
        preferred = [each for each in addresses if each[0] == addresses[0][0]]
        turn, now = next(self._turns) % len(preferred), time.monotonic()
        rest = [each for each in addresses if each not in preferred]
        return sorted([*preferred[turn:], *preferred[:turn], *rest], key=lambda each: avoided.get(each, 0.0) > now)

    def _connected(self, family: socket.AddressFamily, address: Any, share: float, end: float) -> socket.socket:
        sock = socket.socket(family, socket.SOCK_STREAM)
        with contextlib.ExitStack() as unless_connected:
            unless_connected.callback(sock.close)
            sock.settimeout(share)
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            send_at_once(sock)
            if self._context is not None:
                sock.settimeout(max(end - time.monotonic(), 0.001))
                sock = self._context.wrap_socket(sock, server_hostname=self._host)
            unless_connected.pop_all()
        return sock

    def _addresses(self, seconds: float) -> list[Address]:
        """The host's addresses, from a thread since getaddrinfo knows no limit; one lookup at a time for all."""
        with contextlib.suppress(socket.gaierror):
            return _look_up(self._host, self._port, socket.AI_NUMERICHOST)
        with self._lock:
            if self._lookup is None:
                self._lookup = Future()
                threading.Thread(target=self._resolve, args=(self._lookup,), daemon=True, name="s3-lookup").start()
            lookup = self._lookup
        return lookup.result(seconds)

    def _resolve(self, lookup: Future[list[Address]]) -> None:
        try:
            lookup.set_result(_look_up(self._host, self._port))
        except Exception as error:  # noqa: BLE001 - those who wait for the lookup get it
            lookup.set_exception(error)
        with self._lock:
            self._lookup = None


def _split(endpoint: str) -> tuple[str, int]:
    if endpoint.endswith("]") or ":" not in endpoint:
        return endpoint.strip("[]"), 0
    host, _, port = endpoint.rpartition(":")
    return host.strip("[]"), int(port)


def _look_up(host: str, port: int, flags: int = 0) -> list[Address]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return [(family, address) for family, _, _, _, address in found]
