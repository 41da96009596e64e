"""MinIO of four nodes without quorum: what clients are told while two and three of them are away, and come back."""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from dev.parts import processes
from tests import threads
from tests.faults.client import Client, content_of
from tests.scale.rig import Rig

PACKAGES = 12
"""Of each kind: stored with all nodes, and with one away, which has to find back to them."""

HOLD = 3.0
"""Seconds for which nodes stay away once it is noticed."""

NOTICED = 20.0
"""Seconds until readiness must say so, and the other way round."""


@dataclass
class Quorum:
    """What was answered, by how many nodes were away; -1 while they come back."""

    downloads: dict[int, Counter[int]] = field(default_factory=dict)
    uploads: dict[int, Counter[int]] = field(default_factory=dict)
    ready: dict[int, int] = field(default_factory=dict)
    lost: int = 0
    """Packages that cannot be downloaded in the end, as one that is marked damaged can't."""

    @property
    def statuses(self) -> set[int]:
        """Of all downloads."""
        return {status for counts in self.downloads.values() for status in counts}


@dataclass
class _Downloads:
    """Downloads of all packages, one after the other, until `stopped`."""

    client: Client
    packages: list[int]
    counts: Counter[int] = field(default_factory=Counter)
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Go on."""
        while not self.stopped.wait(0.01):
            for package in self.packages:
                try:
                    self.counts[self.client.download(package).status] += 1
                except OSError:
                    self.counts[0] += 1


def lose(rig: Rig) -> Quorum:
    """Kill one, two and three of the nodes, and start them again."""
    found = Quorum()
    first, second, third, _ = rig.minio.nodes
    packages = _stored(rig)
    first.kill()
    packages += _stored(rig)
    first.start()
    rig.minio.until_ready()
    downloads = _Downloads(rig.client, packages)
    with threads.running(downloads.run, stop=downloads.stopped):
        first.kill()
        for away, node in ((2, second), (3, third)):
            downloads.counts = found.downloads[away] = Counter()
            node.kill()
            found.ready[away] = _readiness(rig, 503)
            time.sleep(HOLD)
            found.uploads[away] = Counter(rig.client.put(content_of(1000)).status for _ in range(3))
        downloads.counts = found.downloads[-1] = Counter()
        for node in (first, second, third):
            node.start()
        rig.minio.until_ready()
        found.ready[-1] = _readiness(rig, 200)
    found.lost = sum(not comes(rig.client, package) for package in packages)
    return found


def _stored(rig: Rig) -> list[int]:
    """The ids of so many packages; one that is refused while a node is missed is sent again."""
    stored: list[int] = []
    end = time.monotonic() + NOTICED
    while len(stored) < PACKAGES and time.monotonic() < end:
        answer = rig.client.put(content_of(20_000))
        if answer.status == 201:
            stored.append(answer.json()["id"])
    return stored


def _readiness(rig: Rig, wanted: int) -> int:
    """What an instance says of itself once it says what is wanted, or in the end."""
    instance = Client(rig.instances[1].url)
    end = time.monotonic() + NOTICED
    while (status := instance.request("GET", "/health/ready").status) != wanted and time.monotonic() < end:
        time.sleep(0.1)
    return status


def comes(client: Client, package: int) -> bool:
    """Whether a package can be downloaded, once the storage is found again."""
    try:
        processes.wait_until(lambda: client.download(package).status == 200, "a download")
    except TimeoutError:
        return False
    return True
