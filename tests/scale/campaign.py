"""Machines that die under traffic, one after another: what clients see of it, and what is lost."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.client import Client, sha256
from tests.scale import quorum
from tests.scale import rig as rigs
from tests.scale import traffic as clients
from tests.scale.quorum import Quorum
from tests.scale.rig import Rig
from tests.scale.traffic import Failure, Traffic

LIMIT = 5.0
"""Seconds for which requests may fail."""

QUIET = 1.0
AFTER = 6.0
"""Seconds of traffic before and after a fault."""

SECOND_NODE = "another MinIO node is killed"

PATIENCE = 10.0
"""Seconds for which the last comparison takes 503 for an answer that comes later."""

FAULTS: dict[str, Callable[[Rig], None]] = {
    "the name's first MinIO node is killed": lambda rig: rig.first_storage.kill(),
    "that node starts again": lambda rig: rig.first_storage.start(),
    "an instance is killed": lambda rig: rig.instances[0].kill(),
    "that instance starts again": lambda rig: rig.instances[0].start(),
    "PostgreSQL is switched over": lambda rig: rig.postgres.switch_over(),
    SECOND_NODE: lambda rig: rig.other_storage.kill(),
}
"""In this order: MinIO's nodes take their time to find one that was away, and two of four must not be away at once."""

ALLOWED = {"upload 503", "download 503", "download cut off"}
"""How requests may fail; a download that is cut off had its status out, and the client notices."""


@dataclass(frozen=True)
class Suffered:
    """What clients saw of one fault."""

    requests: int
    at: float
    failures: list[Failure]
    control: float
    """Seconds of the slowest request that waited for nothing."""

    @property
    def failing_for(self) -> float:
        """Seconds from the fault, or the first request that failed where that came later, to the last one's end."""
        if not self.failures:
            return 0.0
        first = min(failure.began for failure in self.failures)
        return max(failure.ended for failure in self.failures) - max(first, self.at)

    @property
    def limit(self) -> float:
        """Seconds for which they may fail, with what this machine costs at the time."""
        return LIMIT + self.control

    @property
    def counts(self) -> Counter[str]:
        """The failures by what came instead of an answer."""
        return Counter(f"{failure.kind} {failure.what}" for failure in self.failures)

    @property
    def wrong(self) -> dict[str, int]:
        """Those that may not be."""
        return {what: count for what, count in self.counts.items() if what not in ALLOWED}

    def __str__(self) -> str:
        return f"{self.requests} requests, failed {dict(self.counts)} for {self.failing_for:.1f} s of {self.limit:.1f}"


@dataclass
class Campaign:
    """All faults, and what is left in the end."""

    suffered: dict[str, Suffered] = field(default_factory=dict)
    uploads: int = 0
    """Acknowledged ones."""
    quorum: Quorum = field(default_factory=Quorum)
    lost: dict[int, int] = field(default_factory=dict)
    """Those that do not come back as they were sent, with the status that came."""
    wrong: list[int] = field(default_factory=list)
    """Packages of which other bytes came, and nothing told so."""


def run(folder: Path, tell: Callable[[str], None] = lambda _: None) -> Campaign:
    """Set everything up in `folder`, produce all faults, and compare all that was acknowledged."""
    campaign = Campaign()
    with rigs.running(folder) as rig:
        traffic = Traffic(rig.client, Client(rig.instances[1].url))
        for name, fault in FAULTS.items():
            if name == SECOND_NODE:
                rig.minio.until_ready()
            campaign.suffered[name] = _suffer(rig, traffic, fault)
            tell(f"{name}: {campaign.suffered[name]}")
        rig.other_storage.start()
        rig.minio.until_ready()
        for instance in rig.instances:
            instance.until_ready("/health/ready")
        campaign.quorum = quorum.lose(rig)
        tell(f"without quorum: {campaign.quorum}")
        campaign.uploads, campaign.wrong = len(traffic.uploads), traffic.wrong
        campaign.lost = {
            package_id: status
            for package_id, checksum in traffic.uploads.items()
            if (status := _fetched(rig.client, package_id, checksum))
        }
    return campaign


def _fetched(client: Client, package_id: int, checksum: str) -> int:
    """0 if a download brings what was uploaded, else its status; a 503 is asked again for a while."""
    end = time.monotonic() + PATIENCE
    while (answer := client.download(package_id)).status == 503 and time.monotonic() < end:
        time.sleep(0.1)
    return 0 if sha256(answer.body) == checksum else answer.status


def _suffer(rig: Rig, traffic: Traffic, fault: Callable[[Rig], None]) -> Suffered:
    """Work for a while, produce the fault, and go on working."""
    requests, before, looks = traffic.requests, len(traffic.failures), len(traffic.control)
    with clients.running(traffic):
        time.sleep(QUIET)
        at = time.monotonic()
        fault(rig)
        time.sleep(max(0.0, AFTER - (time.monotonic() - at)))
    control = max(traffic.control[looks:])
    return Suffered(traffic.requests - requests, at, traffic.failures[before:], control)
