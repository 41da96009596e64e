"""The service killed while uploads in pieces are received: at each named step, and at random."""

import contextlib
import functools
import http.client
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests import threads
from tests.faults.audit import Findings, leftovers
from tests.faults.client import Client, content_of, sha256, unique_name
from tests.faults.killing import Trap
from tests.faults.pieces import PieceSender, answered, begin, patch
from tests.faults.site import Site

PART = 8 << 20
LENGTH = 2 * PART + 1000
"""Bytes of the files: two whole parts and a last one."""

MAY_BE_ASKED_AGAIN = 32 << 20
"""Bytes after SIGKILL."""


@dataclass
class PieceCampaign:
    """What killing has brought to light."""

    kills: int = 0
    uploads: int = 0
    missed: list[str] = field(default_factory=list)
    went_back: int = 0
    """Told offsets that went back."""
    differing: int = 0
    """Files that came out with other bytes, or not at all."""
    again: int = 0
    """The most bytes that were asked for again."""
    findings: Findings = field(default_factory=Findings)

    @property
    def wrong(self) -> int:
        """All that must be 0."""
        return len(self.missed) + self.went_back + self.differing + self.findings.wrong

    def note(self, site: Site, sender: PieceSender, name: str) -> None:
        """Add what became of a file."""
        self.uploads += 1
        self.went_back += sender.went_back
        self.again = max(self.again, sender.again)
        self.differing += published(site.client(), name) != sha256(sender.content)


def published(client: Client, name: str) -> str:
    """The SHA-256 of the only package of this name, as it is downloaded; "" if there is none."""
    listed = answered(lambda: client.get(f"/packages?name={name}")).json()
    answers = (answered(functools.partial(client.download, each["id"])) for each in listed)
    return "".join(sha256(answer.body) for answer in answers)


@dataclass(frozen=True)
class PieceStep:
    """What is killed: a piece that brings the upload from `start` to `end` bytes, when all of `awaited` has passed."""

    name: str
    awaited: Sequence[bytes]
    start: int = 0
    end: int = PART + 10


TAIL = (PART + 10, PART + 20)
LAST = (PART + 10, LENGTH)

STEPS = [
    PieceStep("take it over", [b"uploads.epoch + "]),
    PieceStep("begin the multipart upload", [b"?uploads"]),
    PieceStep("note its id", [b"?uploads", b"SET upload_id"]),
    PieceStep("send a part", [b"partNumber=1"]),
    PieceStep("note the part", [b"partNumber=1", b"INSERT INTO upload_parts"]),
    PieceStep("commit the part", [b"partNumber=1", b"INSERT INTO upload_parts"]),
    PieceStep("note the tail's key", [b"INSERT INTO upload_parts", b"INSERT INTO objects"]),
    PieceStep("send the tail", [b"INSERT INTO upload_parts", b"INSERT INTO objects", b"PUT /"]),
    PieceStep("note the tail", [b"INSERT INTO objects", b"PUT /", b"UPDATE uploads"]),
    PieceStep("commit the tail", [b"INSERT INTO objects", b"PUT /", b"UPDATE uploads", b"COMMIT"]),
    PieceStep("remove the old tail", [b"DELETE /"], *TAIL),
    PieceStep("note that all came", [b"received_checksum="], *LAST),
    PieceStep("send the last part", [b"partNumber=3"], *LAST),
    PieceStep("complete", [b"partNumber=3", b"POST /"], *LAST),
    PieceStep("publish", [b"INSERT INTO packages"], *LAST),
    PieceStep("commit the package", [b"INSERT INTO packages", b"COMMIT"], *LAST),
]

OTHER_STEPS: dict[str, Sequence[bytes]] = {
    "create: the row": [b"INSERT INTO uploads"],
    "create: commit": [b"INSERT INTO uploads", b"COMMIT"],
    "delete: the row": [b"DELETE FROM uploads"],
    "delete: commit": [b"DELETE FROM uploads", b"COMMIT"],
    "delete: the bytes": [b"DELETE FROM uploads", b"DELETE /"],
}


def kill_at(site: Site, campaign: PieceCampaign, step: PieceStep, *, after: bool) -> None:
    """Kill at one step, before or after PostgreSQL or the S3 sees it; then the client goes on, and all is audited."""
    content, name, client = content_of(LENGTH), unique_name(), site.client()
    path = begin(client, LENGTH, name)
    if step.start:
        assert patch(client, path, 0, content[: step.start]).status == 204
    piece = content[step.start : step.end]
    sprung(site, campaign, step.name, step.awaited, lambda: patch(client, path, step.start, piece), after=after)
    sender = PieceSender(client, path, content, told=step.start)
    sender.send_all()
    campaign.note(site, sender, name)
    campaign.findings.add(leftovers(site))


def kill_other(site: Site, campaign: PieceCampaign, name: str, *, after: bool) -> None:
    """Kill a creation or an end of an upload; it is created again or ended again, and all is audited."""
    client = site.client()
    if name.startswith("create"):
        sprung(site, campaign, name, OTHER_STEPS[name], lambda: begin_once(client), after=after)
    else:
        path = begin(client, LENGTH)
        assert patch(client, path, 0, content_of(PART + 10)).status == 204
        sprung(site, campaign, name, OTHER_STEPS[name], lambda: client.request("DELETE", path), after=after)
        assert answered(lambda: client.request("DELETE", path)).status in (204, 404)
    answered(lambda: client.get("/uploads"))
    campaign.findings.add(leftovers(site))


def begin_once(client: Client) -> object:
    """Ask for an upload, once."""
    path = f"/api/v1/packages/{unique_name()}/1.0.0/linux/amd64/agent.bin"
    return client.request("PUT", path, Upload_Complete="?0", Upload_Length=str(LENGTH))


def sprung(
    site: Site,
    campaign: PieceCampaign,
    name: str,
    awaited: Sequence[bytes],
    ask: Callable[[], object],
    *,
    after: bool,
) -> None:
    """Ask, be killed on the way, and wait for the service."""
    trap = Trap(site, awaited, after=after)
    site.database.watch = site.storage.watch = trap
    try:
        with contextlib.suppress(OSError, http.client.HTTPException):
            ask()
        if not trap.sprung.wait(3):
            campaign.missed.append(name)
        campaign.kills += 1
    finally:
        site.database.watch = site.storage.watch = lambda _: True
    site.service.until_ready()


def kill_at_random(site: Site, campaign: PieceCampaign, kills: int) -> None:
    """Kill all workers so often while one file after the other is sent, in pieces of random lengths."""
    done = threading.Event()

    def kill() -> None:
        try:
            for _ in range(kills):
                site.service.until_ready()
                done.wait(random.uniform(0.02, 0.7))
                site.service.kill_workers()
                campaign.kills += 1
        finally:
            done.set()

    with threads.running(kill, stop=done):
        while not done.is_set():
            content, name = content_of(random.randrange(PART, 3 * PART)), unique_name()
            client = site.client()
            step = random.choice((1 << 20, 5 << 20, 1 << 40))
            sender = PieceSender(client, begin(client, len(content), name), content, step)
            sender.send_all()
            campaign.note(site, sender, name)
    site.service.until_ready()
    campaign.findings.add(leftovers(site))
