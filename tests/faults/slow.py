"""Clients that are slow on purpose or by fate: readers at 1 KB/s, and heads that are never sent to their end."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dev.parts.processes import HOST
from tests.contract.server.client import head
from tests.faults.client import Client
from tests.faults.outages import percentile
from tests.faults.service import Service, children

KIB = 1024


@dataclass
class Crowd:
    """Open connections of slow clients, kept slow by a thread."""

    sockets: list[socket.socket] = field(default_factory=list)
    cut: int = 0
    received: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)

    def read_slowly(self) -> None:
        """1 KiB a second from each."""
        while not self.stopped.wait(1):
            for each in list(self.sockets):
                try:
                    block = each.recv(KIB)
                except BlockingIOError:
                    continue
                except OSError:
                    block = b""
                self.received += len(block)
                if not block:
                    self.cut += 1
                    self.sockets.remove(each)

    def send_slowly(self) -> None:
        """Another byte of a header each second, which never ends."""
        while not self.stopped.wait(1):
            for each in list(self.sockets):
                try:
                    each.send(b"x")
                except OSError:
                    self.cut += 1
                    self.sockets.remove(each)


@contextlib.contextmanager
def readers(port: int, token: str, package_id: int, count: int) -> Iterator[Crowd]:
    """Downloads of one package at 1 KiB/s each, into small buffers."""
    request = head("GET", f"/api/v1/packages/{package_id}/download", f"Authorization: Bearer {token}")
    with _crowd(port, count, request) as crowd, _kept(crowd, crowd.read_slowly):
        yield crowd


@contextlib.contextmanager
def half_sent_heads(port: int, count: int) -> Iterator[Crowd]:
    """Requests whose head trickles in and never ends."""
    request = b"GET /api/v1/packages HTTP/1.1\r\nHost: test\r\nX-Slow: "
    with _crowd(port, count, request) as crowd, _kept(crowd, crowd.send_slowly):
        yield crowd


@contextlib.contextmanager
def _crowd(port: int, count: int, first: bytes) -> Iterator[Crowd]:
    crowd = Crowd()
    everyone = []
    try:
        for _ in range(count):
            each = socket.socket()
            everyone.append(each)
            each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * KIB)
            each.connect((HOST, port))
            each.sendall(first)
            each.setblocking(False)
            crowd.sockets.append(each)
        yield crowd
    finally:
        for each in everyone:
            each.close()


@contextlib.contextmanager
def _kept(crowd: Crowd, work: Callable[[], None]) -> Iterator[None]:
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        crowd.stopped.set()
        thread.join()


@dataclass
class Beside:
    """What other clients see, in seconds, and what the workers hold, in bytes."""

    answers: int = 0
    failures: int = 0
    median: float = 0.0
    p99: float = 0.0
    memory: int = 0


def others(client: Client, package_id: int, service: Service, seconds: float) -> Beside:
    """Lists, details, downloads and uploads, one after the other, for this long."""
    taken: list[float] = []
    seen = Beside()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for answer in (
            client.get("/packages?limit=10"),
            client.get(f"/packages/{package_id}"),
            client.download(package_id),
            client.put(b"beside slow clients"),
        ):
            taken.append(answer.seconds)
            seen.failures += answer.status >= 400
    seen.answers = len(taken)
    seen.median, seen.p99 = percentile(taken, 0.5), percentile(taken)
    seen.memory = sum(resident(pid) for pid in children(service.process.pid)) if service.process else 0
    return seen


def resident(pid: int) -> int:
    """The memory of a process in bytes."""
    fields = Path(f"/proc/{pid}/status").read_text()
    return int(fields.partition("VmRSS:")[2].split()[0]) * KIB
