"""Failover of PostgreSQL under traffic: how long uploads and reads are refused, and whether one is lost."""

import contextlib
import functools
import http.client
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dev.parts import postgres
from dev.parts.postgres import Postgres
from tests import databases, threads
from tests.databases import execute
from tests.faults.client import content_of, sha256
from tests.faults.proxy import proxying
from tests.faults.site import Site, frozen, installed

LIMIT = 5.0
"""Seconds from a primary that can be written to uploads and reads that work."""

AWAY = 2.0
"""Seconds for which the name leads to the standby."""

NAME = "failover"
URL = f"postgresql://postgres@/{NAME}?host=127.0.0.1,127.0.0.1&port="


@dataclass
class Failover:
    """What clients saw. `writing` and `reading`: seconds from the fault's end to the last answer that was refused."""

    fault: str
    acknowledged: dict[int, str] = field(default_factory=dict)
    """Checksums of the uploads that were answered with 201."""
    refused_at: dict[str, float] = field(default_factory=dict)
    wrong: Counter[str] = field(default_factory=Counter)
    ended: float = 0.0
    lost: int = 0

    def note(self, kind: str, status: int) -> None:
        """Count an answer."""
        if status in {200, 201}:
            return
        self.refused_at[kind] = time.monotonic()
        if status != 503:
            self.wrong[f"{kind} {status}"] += 1

    @property
    def writing(self) -> float:
        """Seconds until uploads worked again."""
        return max(0.0, self.refused_at.get("upload", 0.0) - self.ended)

    @property
    def reading(self) -> float:
        """Seconds until reads worked again."""
        return max(0.0, self.refused_at.get("detail", 0.0) - self.ended)


@contextlib.contextmanager
def pair(folder: Path) -> Iterator[tuple[Postgres, Postgres]]:
    """A primary with the schema's template, and a standby that has each commit before it is answered."""
    with postgres.running(folder / "failover-primary", settings={"fsync": "off"}) as primary:
        databases.make_template(primary)
        with postgres.standby(primary, folder / "failover-standby") as standby:
            yield primary, standby


def synchronous(primary: Postgres, *, wanted: bool) -> None:
    """Let commits wait for the standby, or no longer."""
    setting = "SET synchronous_standby_names = '*'" if wanted else "RESET synchronous_standby_names"
    execute(primary.url(), f"ALTER SYSTEM {setting}", "SELECT pg_reload_conf()")


def by_name(folder: Path, servers: tuple[Postgres, Postgres]) -> Failover:
    """The one name leads to the standby for a while, and then back to the primary."""
    primary, standby = servers

    def away(site: Site) -> None:
        with site.database.leading_to(standby.port):
            time.sleep(AWAY)

    with installed(folder, primary, NAME) as site:
        return suffer(site, "the name leads to the standby", away)


def by_hosts(folder: Path, servers: tuple[Postgres, Postgres]) -> Failover:
    """The first of two hosts falls silent, and the second is promoted. Ends the pair: the standby is a primary."""
    primary, standby = servers
    with proxying(primary.port) as first, proxying(standby.port) as second, contextlib.ExitStack() as stack:
        keys = {"url": f"{URL}{first.port},{second.port}"}
        site = stack.enter_context(installed(folder, primary, NAME, database=keys))
        synchronous(primary, wanted=True)
        stack.callback(synchronous, primary, wanted=False)

        def silent(_: Site) -> None:
            stack.enter_context(frozen(primary.process.pid))
            execute(standby.url(), "SELECT pg_promote()")

        return suffer(site, "the primary freezes, the standby is promoted", silent)


def suffer(site: Site, fault: str, fail: Callable[[Site], None]) -> Failover:
    """Upload and read all the time, during the failure and until LIMIT after it."""
    seen = Failover(fault)
    package = site.client().put(content_of(1000)).json()["id"]
    stop = threading.Event()
    clients = [
        functools.partial(repeat, stop, work)
        for work in (lambda: upload(site, seen), lambda: read(site, seen, package))
        for _ in range(2)
    ]
    with threads.running(*clients, stop=stop):
        fail(site)
        seen.ended = time.monotonic()
        time.sleep(LIMIT + 1)
    found = {each: sha256(site.client().download(each).body) for each in seen.acknowledged}
    seen.lost = sum(found[each] != checksum for each, checksum in seen.acknowledged.items())
    return seen


def repeat(stop: threading.Event, work: Callable[[], None]) -> None:
    """Do it again and again."""
    while not stop.is_set():
        work()
        time.sleep(0.02)


def upload(site: Site, seen: Failover) -> None:
    """One small upload."""
    content = content_of(1000)
    try:
        answer = site.client().put(content)
    except (OSError, http.client.HTTPException) as error:
        seen.wrong[repr(error)] += 1
        return
    seen.note("upload", answer.status)
    if answer.status == 201:
        seen.acknowledged[answer.json()["id"]] = sha256(content)


def read(site: Site, seen: Failover, package: int) -> None:
    """One detail."""
    try:
        seen.note("detail", site.client().get(f"/packages/{package}").status)
    except (OSError, http.client.HTTPException) as error:
        seen.wrong[repr(error)] += 1
