"""What others see of an attack: live, list and an agent's poll, each asked again and again by a thread of its own."""

import contextlib
import functools
import http.client
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from app.offers.protobuf import MEDIA_TYPE, opamp
from tests import threads
from tests.faults.client import PATIENCE, Answer, Client
from tests.faults.outages import percentile
from tests.faults.service import Service, children
from tests.faults.slow import resident

PAUSE = 0.02


@dataclass
class Seen:
    """How long one kind of request took, in seconds, and how many were not answered with 200."""

    taken: list[float] = field(default_factory=list)
    failures: int = 0

    @property
    def p50(self) -> float:
        return percentile(self.taken, 0.5)

    @property
    def p99(self) -> float:
        return percentile(self.taken)


@dataclass
class Others:
    """What others saw; `memory` is what all workers had more at the worst moment, in bytes."""

    live: Seen = field(default_factory=Seen)
    list: Seen = field(default_factory=Seen)
    poll: Seen = field(default_factory=Seen)
    memory: int = 0


def message(uid: bytes, **fields: object) -> bytes:
    """An agent's message."""
    return bytes(opamp.AgentToServer(instance_uid=uid, capabilities=1 | 8 | 16, **fields).SerializeToString())


def post(client: Client, body: bytes, **headers: str) -> Answer:
    """Send a message."""
    return client.request("POST", "/v1/opamp", body, Content_Type=MEDIA_TYPE, **headers)


@contextlib.contextmanager
def watching(service: Service, agent: Client) -> Iterator[Others]:
    """Probe for as long as the block lasts."""
    others, ended, uid = Others(), threading.Event(), uuid.uuid4().bytes
    post(agent, message(uid))
    probes = [
        functools.partial(_probe, seen, ask, ended)
        for seen, ask in (
            (others.live, lambda: agent.request("GET", "/health/live")),
            (others.list, lambda: agent.get("/packages?limit=10")),
            (others.poll, lambda: post(agent, message(uid))),
        )
    ]
    with threads.running(*probes, functools.partial(_weigh, others, service, ended), stop=ended):
        yield others


def _probe(seen: Seen, ask: Callable[[], Answer], ended: threading.Event) -> None:
    while not ended.wait(PAUSE):
        began = time.monotonic()
        try:
            seen.failures += ask().status != 200
        except (OSError, http.client.HTTPException):
            seen.failures += 1
        seen.taken.append(min(time.monotonic() - began, PATIENCE))


def _weigh(others: Others, service: Service, ended: threading.Event) -> None:
    before = memory(service)
    while not ended.wait(PAUSE):
        others.memory = max(others.memory, memory(service) - before)


def memory(service: Service) -> int:
    """What all workers have, in bytes."""
    assert service.process
    return sum(resident(pid) for pid in children(service.process.pid))


def cpu(service: Service) -> float:
    """What all workers have used of the processor, in seconds."""
    assert service.process
    fields = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in children(service.process.pid))
    return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")
