"""Console pages' time to first byte with 1,000,000 packages and 100,000 agents: median, p95 and slowest of each page.

Run: python -m bench.pages [ROUNDS]. Starts a PostgreSQL and the service of its own; one visitor asks for all pages in
turn, so that figures that are kept for some seconds are old in some rounds and fresh in others, as for people.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import psycopg2

from bench import opamp, rows
from dev.parts import postgres
from tests.databases import execute, make_template, migrated
from tests.faults import service as services

PACKAGES = 1_000_000
ROUNDS = 100
PASSWORD = "a password of the measurements"
NAME = "package-00001"
AGENT = "00000000-0000-0000-0000-000000000007"

PAGES = (
    *("", "live", "packages", "packages?q=0123", "packages?platform=linux&arch=arm", "packages?sort=name"),
    *(f"packages/{NAME}", f"packages/{NAME}/4.9.0", "channels", "channels/stable", "channels/stable/edit"),
    *("agents", "agents?q=h12", "agents?package_status=failed", f"agents/{AGENT}", "jump?q=pack"),
    *("upload", "tokens", "users", "service", "account"),
)

HAVING = rf"""
INSERT INTO agent_packages (instance_uid, name, version, has_hash, status, error, offered_version)
SELECT instance_uid, '{NAME}', '4.8.0', '\x01', CASE WHEN n % 50 = 0 THEN 'failed' ELSE 'installed' END,
       CASE WHEN n % 50 = 0 THEN 'exec format error' END, '4.9.0'
FROM (SELECT instance_uid, row_number() OVER () AS n FROM agents) AS numbered
"""
CHANNEL = {"match": {"os.type": "linux"}, "packages": [{"name": NAME, "version": "latest"}]}


@contextmanager
def deployed() -> Iterator[services.Service]:
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
        yield stack.enter_context(services.running(folder, wait_for="/health/live", **built))


def prepare(service: services.Service) -> str:
    """Make a channel and an admin, who logs in; returns the session's cookie."""
    made = service.command("users", "create", "bench", "--role", "admin", "--password-stdin", given=PASSWORD)
    assert made.returncode == 0, made.stdout
    headers = {"Authorization": f"Bearer {service.token('admin')}", "Content-Type": "application/json"}
    connection = HTTPConnection(urlsplit(service.url).netloc, timeout=120)
    put = answer(connection, "PUT", "/api/v1/channels/stable", json.dumps(CHANNEL), headers)
    assert put.status == 201, put.status
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


def measure(url: str, cookie: str, rounds: int) -> dict[str, list[float]]:
    """Milliseconds from the request to the first byte of each page; the first round, which warms up, is left out.

    Raises ValueError for a page that is not 200.
    """
    connection = HTTPConnection(urlsplit(url).netloc, timeout=120)
    found: dict[str, list[float]] = {page: [] for page in PAGES}
    headers = {"Cookie": cookie, "Accept-Encoding": "gzip"}
    for turn in range(rounds + 1):
        for page, times in found.items():
            started = time.perf_counter()
            connection.request("GET", f"/ui/{page}", headers=headers)
            response = connection.getresponse()
            spent = time.perf_counter() - started
            response.read()
            if response.status != 200:
                raise ValueError(f"/ui/{page}: {response.status}")
            if turn:
                times.append(spent * 1000)
    return found


def line(page: str, times: Sequence[float]) -> str:
    """A row of the table."""
    ordered = sorted(times)
    p95 = ordered[max(0, round(0.95 * len(ordered)) - 1)]
    return f"| `/ui/{page}` | {statistics.median(ordered):.0f} | {p95:.0f} | {ordered[-1]:.0f} |"


def main() -> None:
    """Print the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    before = opamp.cpu_times()
    with deployed() as service:
        found = measure(service.url, prepare(service), rounds)
    after = opamp.cpu_times()
    print("| page | median, ms | p95, ms | slowest, ms |\n|---|---|---|---|")
    for page, times in found.items():
        print(line(page, times))
    print(f"\n{rounds} rounds, {(after[0] - before[0]) / (after[1] - before[1]):.1%} of the CPU time stolen")


if __name__ == "__main__":
    main()
