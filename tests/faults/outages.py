"""Each way in which PostgreSQL and the S3 can be dead, and what clients see of it."""

import contextlib
import functools
import http.client
import io
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from tests import threads
from tests.databases import connected
from tests.faults.client import Answer, Client, content_of, unique_name
from tests.faults.refusing_s3 import refusing_s3
from tests.faults.site import Site, frozen

LIMIT = 2.0
"""Seconds within which 99 of 100 answers must come while a dependency is dead."""
RECOVERY = 5.0
"""Seconds after which everything must work again."""

Fault = Callable[[Site], AbstractContextManager[object]]
Ask = Callable[[Client, int], Answer]


@contextlib.contextmanager
def refused_by_s3(site: Site, status: int) -> Iterator[None]:
    """Another S3 stands in this one's place, and refuses everything."""
    with refusing_s3(status) as port, site.storage.leading_to(port):
        yield


@contextlib.contextmanager
def without_bucket(site: Site) -> Iterator[None]:
    """The bucket is gone: its objects are moved away, it is removed, and put back at the end."""
    client = site.bucket_client
    kept = [(each.object_name or "", each) for each in client.list_objects(site.bucket, recursive=True)]
    contents = {}
    for name, _ in kept:
        with contextlib.closing(client.get_object(site.bucket, name)) as response:
            contents[name] = response.read()
        client.remove_object(site.bucket, name)
    client.remove_bucket(site.bucket)
    try:
        yield
    finally:
        client.make_bucket(site.bucket)
        for name, content in contents.items():
            client.put_object(site.bucket, name, io.BytesIO(content), len(content))


@contextlib.contextmanager
def exhausted_pool(site: Site) -> Iterator[None]:
    """Somebody holds a lock on which every statement waits, so that all connections of the pool are in use."""
    with contextlib.closing(connected(site.direct_url)) as connection, connection.cursor() as cursor:
        cursor.execute("LOCK TABLE packages, objects, tokens, users IN ACCESS EXCLUSIVE MODE")
        yield
        connection.rollback()


@contextlib.contextmanager
def restarting(site: Site) -> Iterator[None]:
    """PostgreSQL ends every session and takes no new ones, as in a restart."""
    name = site.direct_url.rpartition("/")[2]
    with contextlib.closing(connected(site.postgres.url())) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
            try:
                yield
            finally:
                cursor.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


STORAGE_FAULTS: dict[str, Fault] = {
    "S3 refuses connections": lambda site: site.storage.refusing(),
    "S3 frozen (SIGSTOP)": lambda site: frozen(site.s3.process.pid),
    "S3 blackholed": lambda site: site.storage.blackholed(),
    "S3 swallows": lambda site: site.storage.swallowing(),
    "S3 answers 500": lambda site: refused_by_s3(site, 500),
    "S3 answers 403": lambda site: refused_by_s3(site, 403),
    "S3's bucket gone": without_bucket,
}
DATABASE_FAULTS: dict[str, Fault] = {
    "PostgreSQL refuses connections": lambda site: site.database.refusing(),
    "PostgreSQL frozen (SIGSTOP)": lambda site: frozen(site.postgres.process.pid),
    "PostgreSQL blackholed": lambda site: site.database.blackholed(),
    "PostgreSQL swallows": lambda site: site.database.swallowing(),
    "PostgreSQL restarts": restarting,
    "pool exhausted": exhausted_pool,
}

CONTROL: dict[str, Ask] = {"live": lambda client, _: client.request("GET", "/health/live")}
JSON_READS: dict[str, Ask] = {
    "list": lambda client, _: client.get("/packages?limit=10"),
    "detail": lambda client, package_id: client.get(f"/packages/{package_id}"),
    "me": lambda client, _: client.get("/me"),
}
STORAGE_USERS: dict[str, Ask] = {
    "download": lambda client, package_id: client.download(package_id),
    "raw upload": lambda client, _: client.put(content_of(1000)),
    "form upload": lambda client, _: client.post(content_of(1000)),
}
LARGE = bytes(9 << 20)
LARGE_UPLOAD: dict[str, Ask] = {"large upload": lambda client, _: client.put(LARGE)}
"""One client only is busy with it: larger than a part, so that it is a multipart upload."""
ALL_KINDS = (*JSON_READS.values(), *STORAGE_USERS.values(), *LARGE_UPLOAD.values())


@dataclass
class Outage:
    """What clients saw while one thing was dead: seconds of the answers, and how often which status came."""

    fault: str
    refused: list[float] = field(default_factory=list)
    served: list[float] = field(default_factory=list)
    control: list[float] = field(default_factory=list)
    """Of /health/live, which waits for nothing: what the machine itself costs at this moment."""
    statuses: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    recovery: float = 0.0
    parts: dict[str, str] = field(default_factory=dict)

    def note(self, kind: str, answer: Answer, expected: int) -> None:
        """Count one answer."""
        self.statuses[f"{kind} {answer.status}"] += 1
        if kind == "live":
            self.control.append(answer.seconds)
            return
        (self.refused if expected == 503 else self.served).append(answer.seconds)
        if answer.status != expected or (expected == 503 and "retry-after" not in answer.headers):
            self.wrong[f"{kind} {answer.status}"] += 1


def percentile(seconds: list[float], share: float = 0.99) -> float:
    """The value below which this share of them lies; 0 for none."""
    return sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * share))] if seconds else 0.0


def suffer(site: Site, fault: str, *, seconds: float, clients: int) -> Outage:
    """Produce the fault, ask from many clients at once for `seconds`, end it, and wait until all works again."""
    producing = STORAGE_FAULTS.get(fault) or DATABASE_FAULTS[fault]
    outage = Outage(fault)
    package_id = site.client().put(content_of(1000), name=unique_name()).json()["id"]
    with producing(site):
        _ask_all(site, outage, package_id, seconds, clients)
        ready = site.client().request("GET", "/health/ready")
        outage.parts = ready.json().get("parts", {})
    outage.recovery = recovery(site, package_id)
    return outage


def _ask_all(site: Site, outage: Outage, package_id: int, seconds: float, clients: int) -> None:
    expected = dict.fromkeys(JSON_READS, 200 if outage.fault in STORAGE_FAULTS else 503)
    expected["live"] = 200
    expected |= dict.fromkeys((*STORAGE_USERS, *LARGE_UPLOAD), 503)
    small = list({**CONTROL, **JSON_READS, **STORAGE_USERS}.items())
    end = time.monotonic() + seconds
    lock = threading.Lock()

    def ask(number: int) -> None:
        client = site.client()
        asks = small if number else list(LARGE_UPLOAD.items())
        while time.monotonic() < end:
            kind, each = asks[number % len(asks)]
            number += 1
            try:
                answer = each(client, package_id)
            except (OSError, http.client.HTTPException) as error:
                answer = Answer(0, {}, repr(error).encode(), 0.0)
                kind += f" {error!r}"
                expected[kind] = 503
            with lock:
                outage.note(kind, answer, expected[kind])

    threads.join(threads.start(*(functools.partial(ask, number) for number in range(clients))), seconds + threads.LIMIT)


def recovery(site: Site, package_id: int, *, in_a_row: int = 3) -> float:
    """Seconds until every kind of request has worked several times in a row (there are several workers)."""
    started = begun = time.monotonic()
    client = site.client()
    rounds = 0
    while rounds < in_a_row:
        answers = [ask(client, package_id) for ask in ALL_KINDS]
        ready = client.request("GET", "/health/ready")
        if all(answer.status in (200, 201) for answer in (*answers, ready)):
            rounds += 1
        else:
            rounds, begun = 0, time.monotonic()
        if time.monotonic() - started > 30:
            raise TimeoutError(f"not recovered after 30 s: {[answer.status for answer in answers]}")
    return begun - started
