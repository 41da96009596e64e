"""How many agents one machine answers: unchanged polls of 100,000 agents beside reads of one package's detail.

Run: python -m bench.opamp [seconds of each measurement]. Needs wrk; starts a PostgreSQL and the service of its own.
"""

import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

from app.storage.filesystem import MARKER
from bench import rows
from dev.parts import postgres
from tests.databases import execute, make_template, migrated
from tests.faults import service as services

AGENTS = 100_000
PACKAGES = 10_000
ROUNDS = 5
POLL = Path(__file__).with_name("opamp_poll.lua")

FILL = f"""
INSERT INTO agents (instance_uid, attributes, health, platform, arch, channel)
SELECT ('00000000-0000-0000-0000-' || lpad(to_hex(n), 12, '0'))::uuid,
       jsonb_build_object('os.type', 'linux', 'host.arch', 'amd64', 'service.name', 'collector', 'host.name', 'h' || n),
       '{{"healthy": true, "status": "", "last_error": "", "start_time": null}}', 'linux', 'amd64', 'stable'
FROM generate_series(0, {AGENTS - 1}) AS n
"""
SETTLED = """
INSERT INTO agent_polls (
    instance_uid, sequence_num, capabilities, offered_hash, delivered, owner_name, owner_kind, settled_version)
SELECT instance_uid, 0, 25, sha256('offer'), true, 'agent of the tests', 'token',
       (SELECT coalesce(sum(value), 0) FROM offer_versions)
FROM agents
"""
"""Owned by the token that polls: an agent of anybody else is no settled one."""
INSTALLED = """
INSERT INTO agent_packages (instance_uid, name, version, has_hash, status, offered_version, offered_hash)
SELECT instance_uid, 'otelcol', '1.0.0', sha256('otelcol'), 'installed', '1.0.0', sha256('otelcol') FROM agents
"""
UPDATES = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'agent_polls'"


@dataclass(frozen=True)
class Poll:
    """One round: requests per second, and the share of CPU time that the host took away."""

    detail: float
    poll: float
    stolen: float

    @property
    def ratio(self) -> float:
        """Polls by details."""
        return self.poll / self.detail


def measure(seconds: int = 10) -> list[Poll]:
    """Interleaved rounds of both, on a database of its own."""
    with deployed() as (url, service):
        headers = ["-H", f"Authorization: Bearer {service.token('agent')}"]
        return [one_round(url, service, headers, seconds) for _ in range(ROUNDS)]


@contextmanager
def deployed(**sections: dict[str, Any]) -> Iterator[tuple[str, services.Service]]:
    """The service, configured by these sections too, on a PostgreSQL as it is installed, with all agents settled."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="opamp-bench-")))
        folder.chmod(0o755)
        settings = {"shared_buffers": "512MB"}
        server = stack.enter_context(postgres.running(folder / "postgres", settings=settings))
        make_template(server)
        url = stack.enter_context(migrated(server, "bench"))
        with closing(psycopg2.connect(url)) as connection:
            rows.fill(connection, PACKAGES)
        execute(url, FILL, SETTLED, INSTALLED, "VACUUM ANALYZE")
        objects = folder / "objects"
        objects.mkdir()
        (objects / MARKER).touch()
        built = {"database": {"url": url}, "storage": {"backend": "filesystem", "root": str(objects)}}
        yield url, stack.enter_context(services.running(folder, wait_for="/health/live", **built, **sections))


def one_round(url: str, service: services.Service, headers: Sequence[str], seconds: int) -> Poll:
    """Details, then polls whose sequence numbers go on from where the last round's ended."""
    execute(
        url, "UPDATE agent_polls SET sequence_num = (SELECT max(sequence_num) FROM agent_polls)", "VACUUM agent_polls"
    )
    first = next_sequence(url)
    before = cpu_times()
    detail = rate([*headers, f"{service.url}/api/v1/packages/77"], seconds)
    updates = query(url, UPDATES)
    poll = poll_rate(service, headers, seconds, first)
    after = cpu_times()
    print(f"updates of agent_polls, HOT updates: {updates} before, {query(url, UPDATES)} after", flush=True)
    return Poll(detail, poll, (after[0] - before[0]) / (after[1] - before[1]))


def poll_rate(service: services.Service, headers: Sequence[str], seconds: int, first: int) -> float:
    """Unchanged polls per second, agent after agent, whose sequence numbers begin with `first`."""
    return rate([*headers, "-s", str(POLL), service.url, "--", str(AGENTS), "1", str(first)], seconds)


def rate(arguments: Sequence[str], seconds: int) -> float:
    """Requests per second over 16 connections. Raises ValueError if any was refused."""
    command = ["wrk", "-t1", "-c16", f"-d{seconds}s", *arguments]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", output)
    if found is None or "Non-2xx" in output:
        raise ValueError(output)
    return float(found[1])


def next_sequence(url: str) -> int:
    """The sequence number that polls of all agents go on with."""
    return query(url, "SELECT max(sequence_num) + 1 FROM agent_polls")[0]


def query(url: str, statement: str) -> tuple[int, ...]:
    """The one row of a query."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        row: tuple[int, ...] = cursor.fetchone()
        return row


def cpu_times() -> tuple[int, int]:
    """CPU time that the host took away, and all of it, in ticks since the start."""
    fields = [int(ticks) for ticks in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    return fields[7], sum(fields)


def main() -> None:
    """Print each round, and the medians."""
    rounds = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
    for each in rounds:
        print(f"detail {each.detail:7.0f}/s  poll {each.poll:7.0f}/s  ratio {each.ratio:.2f}  stolen {each.stolen:.1%}")
    print(f"median ratio {statistics.median(each.ratio for each in rounds):.2f}")


if __name__ == "__main__":
    main()
