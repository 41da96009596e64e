"""Clients that upload and download without pause, and what they saw: refusals, breaks, wrong bytes, and when."""

import contextlib
import functools
import http.client
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests import threads
from tests.faults.client import Answer, Client, content_of, sha256

SIZES = (*[10_000] * 6, *[1 << 20] * 2, 9 << 20)
"""Bytes; the largest is stored in parts."""

UPLOADERS = 3
DOWNLOADERS = 3

PAUSE = 0.05
"""Seconds between two requests of a client."""


@dataclass(frozen=True)
class Failure:
    """A request that did not do what it should: from when to when it took, and what came instead."""

    began: float
    ended: float
    kind: str
    what: str


@dataclass
class Traffic:
    """All clients' account. `uploads` are those that were acknowledged, as id and SHA-256."""

    client: Client
    unharmed: Client
    """Asks an instance that goes on all the time."""
    uploads: dict[int, str] = field(default_factory=dict)
    requests: int = 0
    failures: list[Failure] = field(default_factory=list)
    wrong: list[int] = field(default_factory=list)
    """Packages of which other bytes came than were sent, and nothing told so."""
    control: list[float] = field(default_factory=list)
    """Seconds of /health/live where nothing dies, which waits for nothing: what the machine itself costs."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def upload(self) -> None:
        """One package, which nothing else is like."""
        content = content_of(random.choice(SIZES))
        answer = self._ask("upload", lambda: self.client.put(content), 201)
        if answer is not None:
            with self._lock:
                self.uploads[answer.json()["id"]] = sha256(content)

    def download(self) -> None:
        """One of those that were acknowledged, whole."""
        with self._lock:
            package_id = random.choice(list(self.uploads)) if self.uploads else None
        if package_id is None:
            return
        answer = self._ask("download", lambda: self.client.download(package_id), 200)
        if answer is not None and sha256(answer.body) != self.uploads[package_id]:
            self.wrong.append(package_id)

    def look(self) -> None:
        """Ask for life."""
        self.control.append(self.unharmed.request("GET", "/health/live").seconds)

    def _ask(self, kind: str, ask: Callable[[], Answer], wanted: int) -> Answer | None:
        began = time.monotonic()
        try:
            answer = ask()
        except http.client.IncompleteRead:
            what = "cut off"
        except (OSError, http.client.HTTPException) as error:
            what = repr(error)
        else:
            what = str(answer.status)
            if answer.status == 503 and "retry-after" not in answer.headers:
                what = "503 without Retry-After"
        with self._lock:
            self.requests += 1
            if what == str(wanted):
                return answer
            self.failures.append(Failure(began, time.monotonic(), kind, what))
        return None


@contextlib.contextmanager
def running(traffic: Traffic) -> Iterator[None]:
    """Let all clients work until the end of the block."""
    stop = threading.Event()

    def repeat(ask: Callable[[], None]) -> None:
        while not stop.wait(PAUSE):
            ask()

    asks = [traffic.upload] * UPLOADERS + [traffic.download] * DOWNLOADERS + [traffic.look]
    with threads.running(*(functools.partial(repeat, ask) for ask in asks), stop=stop):
        yield
