"""Lists over 1,000 and over very many rows, asked in turns."""

import contextlib
import functools
import json
import re
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2

from bench import machine
from bench.measure import Result, seconds
from bench.rows import fill
from dev.parts import package_service
from dev.parts.postgres import Postgres

QUERIES = {
    "newest": "?limit=100",
    "by name": "?sort=name&limit=100",
    "by version": "?sort=-version&limit=100",
    "of a platform": "?platform=windows&arch=arm64&limit=100",
    "of a name": "?name=package-00001&sort=-version&limit=100",
    "rare combination": "?platform=windows&arch=s390x&limit=100",
    "rare word": "?q=zebra&limit=100",
    "absent word": "?q=absent&limit=100",
    "common word": "?q=fleet&limit=100",
    "latest": "/latest?name=package-00001&platform=linux&arch=amd64",
    "detail": "/500",
}
DEEP = 10_000
"""The page, counted from 1, that is compared with the first."""


@dataclass(frozen=True)
class Table:
    """A service on so many rows."""

    connection: HTTPConnection
    token: str
    rows: int

    def ask(self, path: str) -> tuple[list[dict[str, object]], str]:
        """The page and its Link header."""
        self.connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
        response = self.connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise ConnectionError(f"{path}: {response.status} {body!r}")
        return json.loads(body), response.headers.get("Link", "")


@contextlib.contextmanager
def table(folder: Path, database: Postgres, rows: int) -> Iterator[Table]:
    """A service with one worker on a database of its own, filled."""
    name = f"rows_{rows}"
    with contextlib.closing(psycopg2.connect(database.url())) as connection:
        connection.autocommit = True
        connection.cursor().execute(f"CREATE DATABASE {name}")
    with package_service.running(folder / name, database.url(name), None, server__workers=1) as service:
        with contextlib.closing(psycopg2.connect(database.url(name))) as connection:
            fill(connection, rows)
        with contextlib.closing(HTTPConnection(service.address)) as client:
            yield Table(client, service.token("agent"), rows)


def lists(small: Table, large: Table, rounds: int) -> Iterator[Result]:
    """Every query on both tables in turns: medians, and the slowest of a hundred."""
    for name, query in QUERIES.items():
        path = f"/api/v1/packages{query}"
        before = machine.Moment.now()
        asks = functools.partial(small.ask, path), functools.partial(large.ask, path)
        times = [(seconds(asks[0]), seconds(asks[1])) for _ in range(rounds)]
        yield _result(f"{name}, {large.rows:,} rows", times, machine.Moment.now().stolen_since(before))
    path = "/api/v1/packages?limit=100&sort=name"
    deep = deep_page(large, min(DEEP, large.rows // 100))
    times = [(seconds(lambda: large.ask(path)), seconds(lambda: large.ask(deep))) for _ in range(rounds)]
    yield _result(f"page {min(DEEP, large.rows // 100):,} by name", times, 0.0)


def deep_page(of: Table, page: int) -> str:
    """The path of a page far down, reached as a client would, by large steps."""
    path, to_skip = "/api/v1/packages?limit=500&sort=name", (page - 1) * 100
    for _ in range(to_skip // 500):
        _, link = of.ask(path)
        path = _next(link)
    return re.sub(r"limit=\d+", "limit=100", path)


def _next(link: str) -> str:
    parts = urlsplit(link.partition(">")[0].removeprefix("<"))
    return f"{parts.path}?{parts.query}"


def _result(name: str, times: list[tuple[float, float]], stolen: float) -> Result:
    ours = [large * 1000 for _, large in times]
    base = [small * 1000 for small, _ in times]
    p99 = sorted(ours)[int(len(ours) * 0.99)]
    ratio = statistics.median(ours) / statistics.median(base)
    return Result(
        f"list, {name}",
        statistics.median(ours),
        statistics.median(base),
        unit="ms",
        ratio=ratio,
        target="≤ 2, p99 < 100 ms",
        met=ratio <= 2 and p99 < 100,
        more={"p99": p99, "base p99": sorted(base)[int(len(base) * 0.99)], "stolen": stolen},
    )
