"""Clients that are slow on purpose or by fate: readers and uploads at 1 KB/s, heads and bodies that never end."""

import contextlib
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dev.parts.processes import HOST
from tests import threads
from tests.contract.server.client import head
from tests.faults.client import Client, unique_name
from tests.faults.outages import percentile
from tests.faults.service import Service, children

KIB = 1024


@dataclass
class Crowd:
    """Open connections of slow clients, kept slow by a thread."""

    sockets: list[socket.socket] = field(default_factory=list)
    cut: int = 0
    received: int = 0
    sent: int = 0
    """Bytes that each has sent of its body."""
    stopped: threading.Event = field(default_factory=threading.Event)
    has_stopped: threading.Event = field(default_factory=threading.Event)

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

    def upload_slowly(self) -> None:
        """Another KiB of each body each second."""
        while not self.stopped.wait(1):
            for each in self.sockets:
                each.sendall(b"x" * KIB)
            self.sent += KIB
        self.has_stopped.set()

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
def idle(port: int, count: int) -> Iterator[Crowd]:
    """Connections on which one request was answered and none follows; this process may open as many files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        with _crowd(port, count, head("GET", "/health/live")) as crowd:
            yield crowd
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextlib.contextmanager
def half_sent_heads(port: int, count: int) -> Iterator[Crowd]:
    """Requests whose head trickles in and never ends."""
    request = b"GET /api/v1/packages HTTP/1.1\r\nHost: test\r\nX-Slow: "
    with _crowd(port, count, request) as crowd, _kept(crowd, crowd.send_slowly):
        yield crowd


@contextlib.contextmanager
def half_sent_logins(port: int, count: int) -> Iterator[Crowd]:
    """Logins whose body trickles in and never ends; they need no token."""
    lines = ("Content-Type: application/json", "Content-Length: 1000")
    request = head("POST", "/api/v1/auth/login", *lines) + b'{"username": "'
    with _crowd(port, count, request) as crowd, _kept(crowd, crowd.send_slowly):
        yield crowd


UPLOAD = 100 * KIB
"""Bytes of a slow upload: more than is gathered."""


@contextlib.contextmanager
def uploads(port: int, token: str, count: int) -> Iterator[Crowd]:
    """So many uploads at 1 KiB/s that were let in; those for which there was no thread have gone away."""
    crowd = Crowd()
    with contextlib.ExitStack() as stack:
        for _ in range(4 * count):
            sock = stack.enter_context(socket.create_connection((HOST, port), 20))
            if _begin_upload(sock, token):
                crowd.sockets.append(sock)
            if len(crowd.sockets) == count:
                break
        with _kept(crowd, crowd.upload_slowly):
            yield crowd


def _begin_upload(sock: socket.socket, token: str) -> bool:
    """Ask for an upload; whether it may send."""
    path = f"/api/v1/packages/{unique_name()}/1.0.0/linux/amd64/agent.bin"
    lines = (f"Authorization: Bearer {token}", f"Content-Length: {UPLOAD}", "Expect: 100-continue")
    sock.sendall(head("PUT", path, *lines))
    return b" 100 " in sock.recv(1000)


def finish_upload(sock: socket.socket, sent: int) -> int:
    """Send what is left, and read the status."""
    sock.sendall(b"x" * (UPLOAD - sent))
    return int(sock.recv(1000).split()[1])


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
    with threads.running(work, stop=crowd.stopped):
        yield


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


def until_filled(client: Client) -> None:
    """Wait until the readers have filled the buffers on the way at full speed: that is load, and not slowness."""
    deadline, quick = time.monotonic() + 120, 0
    while quick < 20 and time.monotonic() < deadline:
        quick = quick + 1 if client.request("GET", "/health/live").seconds < 0.1 else 0


def reads(client: Client, package_id: int, seconds: float) -> list[float]:
    """How long `/health/live`, details and lists take, one after the other, for this long; all are answered."""
    taken = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for path in ("/health/live", f"/api/v1/packages/{package_id}", "/api/v1/packages?limit=10"):
            answer = client.request("GET", path)
            assert answer.status == 200, answer
            taken.append(answer.seconds)
    return taken


def resident(pid: int) -> int:
    """The memory of a process in bytes."""
    fields = Path(f"/proc/{pid}/status").read_text()
    return int(fields.partition("VmRSS:")[2].split()[0]) * KIB
