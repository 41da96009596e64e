"""Console pages' time to first byte with 1,000,000 packages and 100,000 agents: median, p95 and slowest of each page.

Run: python -m bench.pages [ROUNDS]. Starts a PostgreSQL and the service of its own. One visitor asks for all pages
again and again; then one comes every 11 seconds, when all that is kept for 10 is old, and asks for them in any order.
"""

import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import psycopg2

from bench import opamp, rows
from dev.parts import postgres
from tests.api.signatures.signing import by_key
from tests.databases import execute, make_template, migrated
from tests.faults import service as services

PACKAGES = 1_000_000
ROUNDS = 100
VISITS = 16
PAUSE = 11.0
"""Seconds after which figures are asked for anew (app/console/pages)."""
PASSWORD = "a password of the measurements"
NAME = "package-00001"
AGENT = "00000000-0000-0000-0000-000000000007"

ROLLOUT = 1
"""The first one's id."""

PAGES = (
    *("", "live", "packages", "packages?q=0123", "packages?platform=linux&arch=arm", "packages?sort=name"),
    *("packages?state=yanked", "packages?state=blocked", "packages?trust=none", "packages?trust=untrusted"),
    *(f"packages/{NAME}", f"packages/{NAME}/4.9.0", f"files/change?change=yank&name={NAME}&version=4.9.0", "upload"),
    *("channels", "channels/stable", "channels/stable/live", "channels/stable/edit", "channels/new"),
    *("rollouts", f"rollouts/{ROLLOUT}", f"rollouts/{ROLLOUT}/live"),
    *("agents", "agents?q=h12", "agents?package_status=failed", "agents?error=format", f"agents/{AGENT}"),
    *("policies", "policies/release", "policies/release/edit", "policies/new"),
    *("jump?q=pack", "tokens", "users", "service", "account"),
)

HAVING = rf"""
INSERT INTO agent_packages (instance_uid, name, version, has_hash, status, error, offered_version)
SELECT instance_uid, '{NAME}', '4.8.0', '\x01', CASE WHEN n % 50 = 0 THEN 'failed' ELSE 'installed' END,
       CASE WHEN n % 50 = 0 THEN 'exec format error' END, '4.9.0'
FROM (SELECT instance_uid, row_number() OVER () AS n FROM agents) AS numbered
"""
HOLDS = {"stages": [{"percent": 99, "hold": True}], "max_failure_percent": 100, "max_failures": 1_000_000}
"""A policy of roll-outs under which nothing moves by itself."""

CHOSEN = f"""
BEGIN;
LOCK TABLE rollout_agents IN SHARE ROW EXCLUSIVE MODE;
INSERT INTO rollout_agents (rollout_id, instance_uid, stage, state, cause, error, offered_at, answered_at)
SELECT {ROLLOUT}, instance_uid, 1, CASE status WHEN 'failed' THEN 'bad' ELSE 'good' END,
       CASE status WHEN 'failed' THEN 'failed' END, error, now(), now()
FROM agent_packages WHERE name = '{NAME}'
ON CONFLICT (rollout_id, instance_uid) DO NOTHING;
COMMIT
"""
"""Locked, as the roll-out's looks put agents in another order into the same table: that would be a deadlock."""

POLICY = {"packages": ["package-0001*"], "mode": "enforce", "signers": [by_key()]}


def channel(version: str) -> dict[str, Any]:
    """All Linux agents' channel, with this version of a package."""
    return {"match": {"os.type": "linux"}, "packages": [{"name": NAME, "version": version}], "rollout": HOLDS}


@contextmanager
def deployed() -> Iterator[tuple[str, services.Service]]:
    """The service on a PostgreSQL with all packages and agents."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="opamp-bench-")))
        folder.chmod(0o755)
        server = stack.enter_context(postgres.running(folder / "postgres", settings={"shared_buffers": "512MB"}))
        make_template(server)
        url = stack.enter_context(migrated(server, "bench"))
        with closing(psycopg2.connect(url)) as connection:
            rows.fill(connection, PACKAGES)
        execute(url, opamp.FILL, opamp.SETTLED, opamp.INSTALLED, HAVING, "VACUUM ANALYZE")
        built = {"database": {"url": url}, "storage": {"backend": "filesystem", "root": str(folder / "objects")}}
        yield url, stack.enter_context(services.running(folder, wait_for="/health/live", **built))


def prepare(service: services.Service, url: str) -> str:
    """Make a channel in whose roll-out all agents are, a policy, and an admin, who logs in; the session's cookie."""
    made = service.command("users", "create", "bench", "--role", "admin", "--password-stdin", given=PASSWORD)
    assert made.returncode == 0, made.stdout
    headers = {"Authorization": f"Bearer {service.token('admin')}", "Content-Type": "application/json"}
    connection = HTTPConnection(urlsplit(service.url).netloc, timeout=120)
    channels = [("channels/stable", channel(version)) for version in ("4.8.0", "4.9.0")]
    for path, content in (*channels, ("policies/release", POLICY)):
        put = answer(connection, "PUT", f"/api/v1/{path}", json.dumps(content), headers)
        assert put.status in (200, 201), put.status
    execute(url, CHOSEN, "VACUUM ANALYZE rollout_agents", "VACUUM ANALYZE packages")
    form = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    body = urlencode({"username": "bench", "password": PASSWORD})
    login = answer(connection, "POST", "/ui/login", body, form)
    assert login.status == 303, login.status
    return (login.headers["Set-Cookie"] or "").partition(";")[0]


def answer(connection: HTTPConnection, method: str, path: str, body: str, headers: dict[str, str]) -> HTTPResponse:
    """What a request gets, its body read and left."""
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    response.read()
    return response


class Visitor:
    """Who asks for pages over one connection."""

    def __init__(self, url: str, cookie: str) -> None:
        self.connection = HTTPConnection(urlsplit(url).netloc, timeout=120)
        self.headers = {"Cookie": cookie, "Accept-Encoding": "gzip"}

    def ask(self, page: str) -> float:
        """Milliseconds from the request to the first byte of the page. Raises ValueError for one that is not 200."""
        started = time.perf_counter()
        self.connection.request("GET", f"/ui/{page}", headers=self.headers)
        response = self.connection.getresponse()
        spent = time.perf_counter() - started
        response.read()
        if response.status != 200:
            raise ValueError(f"/ui/{page}: {response.status}")
        return 1000 * spent


def measure(visitor: Visitor, rounds: int, pause: float) -> dict[str, list[float]]:
    """The times of each page, in an order of each round's own; `pause` in seconds between rounds."""
    found: dict[str, list[float]] = {page: [] for page in PAGES}
    chance = random.Random(1)
    for _ in range(rounds):
        for page in chance.sample(PAGES, len(PAGES)):
            found[page].append(visitor.ask(page))
        time.sleep(pause)
    return found


def cells(times: Sequence[float]) -> str:
    """Median, p95 and slowest."""
    ordered = sorted(times)
    p95 = ordered[max(0, round(0.95 * len(ordered)) - 1)]
    return f"{statistics.median(ordered):.0f} | {p95:.0f} | {ordered[-1]:.0f}"


def main() -> None:
    """Print the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    before = opamp.cpu_times()
    with deployed() as (url, service):
        visitor = Visitor(service.url, prepare(service, url))
        measure(visitor, 2, 0)
        often, rarely = measure(visitor, rounds, 0), measure(visitor, VISITS, PAUSE)
    after = opamp.cpu_times()
    print("| page | median, ms | p95 | slowest | after a pause: median | p95 | slowest |\n|" + 7 * "---|")
    for page in PAGES:
        print(f"| `/ui/{page}` | {cells(often[page])} | {cells(rarely[page])} |")
    stolen = (after[0] - before[0]) / (after[1] - before[1])
    print(f"\n{rounds} rounds, {VISITS} visits of one every {PAUSE:.0f} s, {stolen:.1%} of the CPU time stolen")


if __name__ == "__main__":
    main()
