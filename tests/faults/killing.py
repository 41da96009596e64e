"""The service killed at any moment: at each named step of uploads and deletes, and at random under load."""

import contextlib
import http.client
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests import threads
from tests.faults.audit import Acknowledged, Findings, examine, leftovers
from tests.faults.client import Answer, Client, content_of, sha256, unique_name
from tests.faults.site import Site

SMALL = 10_000
LARGE = 9 << 20
"""Bytes: two parts of a multipart upload."""

Step = tuple[str, Callable[[Client, int], Answer], Sequence[bytes]]
"""Name, the request, and what must be seen on the way to PostgreSQL or the S3, in this order; the last is the step."""


def _upload(size: int) -> Callable[[Client, int], Answer]:
    return lambda client, _: client.put(content_of(size))


def _delete(client: Client, package_id: int) -> Answer:
    return client.delete(package_id)


STEPS: list[Step] = [
    ("upload: note the key", _upload(SMALL), [b"INSERT INTO objects"]),
    ("upload: commit the key", _upload(SMALL), [b"INSERT INTO objects", b"COMMIT"]),
    ("upload: send the bytes", _upload(SMALL), [b"PUT /"]),
    ("upload: make the object live", _upload(SMALL), [b"PUT /", b"UPDATE objects"]),
    ("upload: insert the package", _upload(SMALL), [b"INSERT INTO packages"]),
    ("upload: publish", _upload(SMALL), [b"INSERT INTO packages", b"COMMIT"]),
    ("multipart: begin", _upload(LARGE), [b"?uploads"]),
    ("multipart: note its id", _upload(LARGE), [b"SET upload_id"]),
    ("multipart: send the first part", _upload(LARGE), [b"partNumber=1"]),
    ("multipart: send the last part", _upload(LARGE), [b"partNumber=2"]),
    ("multipart: complete", _upload(LARGE), [b"partNumber=2", b"POST /"]),
    ("multipart: publish", _upload(LARGE), [b"INSERT INTO packages", b"COMMIT"]),
    ("delete: remove the row", _delete, [b"DELETE FROM packages"]),
    ("delete: doom the object", _delete, [b"DELETE FROM packages", b"UPDATE objects"]),
    ("delete: commit", _delete, [b"DELETE FROM packages", b"COMMIT"]),
    ("delete: remove the bytes", _delete, [b"DELETE FROM packages", b"DELETE /"]),
    ("delete: note that they are gone", _delete, [b"DELETE /", b"UPDATE objects"]),
]


@dataclass
class Campaign:
    """What killing has brought to light."""

    kills: int = 0
    missed: list[str] = field(default_factory=list)
    """Steps that were not met: the campaign then proves nothing about them."""
    findings: Findings = field(default_factory=Findings)
    acknowledged: Acknowledged = field(default_factory=Acknowledged)
    known: dict[int, str] = field(default_factory=dict)

    def note(self, asked: str, answer: Answer, package_id: int, checksum: str) -> None:
        """Remember what a client was told."""
        if asked == "upload" and answer.status in (200, 201):
            self.acknowledged.uploads[answer.json()["id"]] = checksum
        elif asked == "delete":
            self.acknowledged.uploads.pop(package_id, None)

    def audit(self, site: Site) -> None:
        """Wait until the service works again, and examine everything."""
        site.service.until_ready()
        time.sleep(0.2)  # a write that the S3 had whole before the kill may still be landing
        self.findings.add(examine(site, site.client(), self.acknowledged, self.known))
        self.findings.add(leftovers(site))
        self.known.clear() if self.findings.wrong else None
        for gone in set(self.acknowledged.in_doubt):
            self.acknowledged.uploads.pop(gone, None)
        self.acknowledged.in_doubt.clear()


class Trap:
    """Kills the service when the awaited blocks have passed the proxies in their order."""

    def __init__(self, site: Site, awaited: Sequence[bytes], *, after: bool) -> None:
        self._site = site
        self._awaited = list(awaited)
        self._after = after
        self._lock = threading.Lock()
        self.sprung = threading.Event()

    def __call__(self, block: bytes) -> bool:
        """A proxy's watch: before the step the block never arrives; after it, its answer does not."""
        with self._lock:
            if not self._awaited:
                return True
            if self._awaited[0] not in block:
                return True
            self._awaited.pop(0)
            if self._awaited:
                return True
        if self._after:
            threading.Timer(0.05, self._spring).start()
            return False
        self._spring()
        raise ConnectionAbortedError

    def _spring(self) -> None:
        self._site.service.kill_workers()
        self.sprung.set()


def kill_at(site: Site, campaign: Campaign, step: Step, *, after: bool) -> None:
    """Kill at one step, either before PostgreSQL or the S3 sees it or after it but before its answer; then audit."""
    name, ask, awaited = step
    client = site.client()
    content = content_of(SMALL)
    victim = client.put(content, name=unique_name())
    campaign.note("upload", victim, 0, sha256(content))
    package_id = victim.json()["id"]
    trap = Trap(site, awaited, after=after)
    site.database.watch = site.storage.watch = trap
    try:
        if ask is _delete:
            campaign.acknowledged.in_doubt.add(package_id)
        with contextlib.suppress(OSError, http.client.HTTPException):
            ask(client, package_id)
        if not trap.sprung.wait(3):
            campaign.missed.append(name)
        campaign.kills += 1
    finally:
        site.database.watch = site.storage.watch = lambda _: True
    campaign.audit(site)


def kill_at_random(site: Site, campaign: Campaign, *, clients: int = 6) -> None:
    """Kill under a load of uploads, deletes and downloads; then audit."""
    stop = threading.Event()
    lock = threading.Lock()

    def work() -> None:
        client = site.client()
        mine: list[int] = []
        while not stop.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException):
                _one_request(client, campaign, mine, lock)

    with threads.running(*[work] * clients, stop=stop):
        time.sleep(random.uniform(0.05, 1.0))
        site.service.kill()
    campaign.kills += 1
    site.service.start()
    campaign.audit(site)


def _one_request(client: Client, campaign: Campaign, mine: list[int], lock: threading.Lock) -> None:
    what = random.random()
    if what < 0.25 and mine:
        package_id = mine.pop()
        with lock:
            campaign.acknowledged.in_doubt.add(package_id)
        answer = client.delete(package_id)
        if answer.status == 204:
            with lock:
                campaign.acknowledged.in_doubt.discard(package_id)
                campaign.note("delete", answer, package_id, "")
    elif what < 0.4 and mine:
        client.download(mine[-1])
    else:
        content = content_of(LARGE if what > 0.9 else random.randrange(1, SMALL))
        answer = client.put(content) if what > 0.6 else client.post(content)
        with lock:
            campaign.note("upload", answer, 0, sha256(content))
        if answer.status == 201:
            mine.append(answer.json()["id"])
