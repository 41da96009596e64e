"""What a running roll-out costs the polls of 100,000 agents, and how long choosing half of them takes and delays.

Run: python -m bench.staged_rollout [seconds of each measurement]. Needs wrk; starts a PostgreSQL and the service of its
own. About five minutes.
"""

import base64
import json
import statistics
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from bench import opamp
from bench.measure import turns
from tests.databases import execute
from tests.faults.client import Client
from tests.faults.service import Service

PAIRS = 8
CALLERS = 4
POLLS = 25
"""A second, of each caller: a load at which the time of an answer is the service's, not that of a queue."""

POLICY = {"stages": [{"percent": 1}, {"percent": 50, "soak": "10h"}], "soak": 0, "quiet": 0}
SECTIONS: dict[str, dict[str, Any]] = {"agents": {"polling_interval": "1h"}, "rollouts": {"interval": "5s"}}
"""Agents that are asked for once in some minutes here count as online, and the roll-outs are looked after as usual."""

SETTLE = """
UPDATE agent_polls SET settled_version = (SELECT coalesce(sum(value), 0) FROM offer_versions), delivered = true,
    edition_id = (SELECT stable_id FROM channels), offered_hash = decode('{offer}', 'hex')
"""
INSTALLED = "UPDATE agent_packages SET has_hash = decode('{file}', 'hex'), offered_hash = decode('{file}', 'hex')"
GOOD = """
UPDATE rollout_agents SET state = 'good', due = now(), offered_at = now(), answered_at = now(), was_healthy = true
"""
AGAIN_SETTLED = "UPDATE agent_polls SET settled_version = (SELECT coalesce(sum(value), 0) FROM offer_versions)"
WITHOUT = "UPDATE rollouts SET state = 'cancelled', ended_at = now()"
WITH = "UPDATE rollouts SET state = 'running', ended_at = NULL"
STAGE = "SELECT stage, (SELECT count(*) FROM rollout_agents) FROM rollouts"
LOOKED = "opamp_packages_rollout_look_seconds"


@dataclass(frozen=True)
class Choosing:
    """The look that chose half: its seconds, the agents, and the longest that polls took without and beside it."""

    seconds: float
    chosen: int
    before: float
    beside: float
    polls: int


@dataclass
class Pollers:
    """Agents that poll at a steady rate, each once: when each poll began, and how long it took, in seconds."""

    service: Service
    token: str
    sequence: int
    told: list[tuple[float, float]] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Poll meanwhile."""
        stopped = threading.Event()
        threads = [threading.Thread(target=self._call, args=(first, stopped)) for first in range(CALLERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stopped.set()
            for thread in threads:
                thread.join()

    def longest(self, since: float, until: float) -> float:
        """Of the polls that were under way then."""
        return max(took for began, took in self.told if began < until and began + took > since)

    def _call(self, first: int, stopped: threading.Event) -> None:
        connection = HTTPConnection(urlsplit(self.service.url).netloc)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/x-protobuf"}
        agent = first
        while not stopped.wait(1 / POLLS):
            began = time.monotonic()
            connection.request("POST", "/v1/opamp", poll(agent, self.sequence), headers)
            answer = connection.getresponse()
            answer.read()
            self.told.append((began, time.monotonic() - began))
            assert answer.status == 200, answer.status
            # Far apart: chosen agents and others in turns, and never one twice.
            agent += CALLERS * 17


def poll(agent: int, sequence: int) -> bytes:
    """The message of an agent that has nothing new to tell."""
    return b"\x0a\x10" + agent.to_bytes(16, "big") + b"\x10" + varint(sequence) + b"\x20\x19"


def varint(number: int) -> bytes:
    """As protobuf writes it."""
    found = b""
    while number > 127:
        found, number = found + bytes([number % 128 + 128]), number >> 7
    return found + bytes([number])


def begin(url: str, service: Service) -> None:
    """A channel by stages whose stable edition all agents have."""
    operator = Client(service.url, service.token("admin"))
    adopted = service.command("storage", "adopt")  # the packages' rows have been there before it
    assert adopted.returncode == 0, adopted.stdout
    service.until_ready("/health/ready")
    publish(operator, "1.0.0")
    channel = {"match": {"os.type": "linux"}, "packages": [{"name": "otelcol", "version": "latest"}], "rollout": POLICY}
    answer = operator.request(
        "PUT", "/api/v1/channels/stable", json.dumps(channel).encode(), Content_Type="application/json"
    )
    assert answer.status == 201, answer.body
    asked = json.dumps({"attributes": {"os.type": "linux", "host.arch": "amd64"}}).encode()
    offer = operator.request("POST", "/api/v1/offers", asked, Content_Type="application/json").json()
    (package,) = offer["packages"].values()
    hashes = {"offer": offer["allPackagesHash"], "file": package["hash"]}
    known = {name: base64.b64decode(text).hex() for name, text in hashes.items()}
    execute(url, SETTLE.format(**known), INSTALLED.format(**known), "VACUUM ANALYZE")
    publish(operator, "1.1.0")


def publish(operator: Client, version: str) -> None:
    """Upload the package."""
    answer = operator.put(version.encode(), name="otelcol", version=version, platform="linux", arch="any")
    assert answer.status == 201, answer.body


def until_stage(url: str, stage: int) -> int:
    """Wait for the look that opens the stage; how many agents have places then."""
    while True:
        found = opamp.query(url, "SELECT count(*) FROM rollouts")[0] and opamp.query(url, STAGE)
        if found and found[0] == stage and found[1]:
            return int(found[1])
        time.sleep(0.05)


def looks(service: Service) -> tuple[int, float]:
    """How many looks there were, and their seconds in all."""
    with urllib.request.urlopen(f"{service.url}/metrics") as answer:
        lines = dict(line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if line[:1] != "#")
    return int(float(lines[f"{LOOKED}_count"])), float(lines[f"{LOOKED}_sum"])


def choosing(url: str, service: Service, token: str) -> Choosing:
    """Let the canaries be good, and watch the look that then chooses half, beside polls."""
    first = until_stage(url, 1)
    pollers = Pollers(service, token, opamp.next_sequence(url))
    with pollers.running():
        began = time.monotonic()
        time.sleep(10)
        count, spent = looks(service)
        execute(url, GOOD)
        changed = time.monotonic()
        chosen = until_stage(url, 2)
        while looks(service)[0] == count:
            time.sleep(0.05)
        over = time.monotonic()
        more = looks(service)
        # The look before has waited for the interval: what came after its end was this one.
        seconds = (more[1] - spent) / (more[0] - count)
        time.sleep(2)
    return Choosing(
        seconds, chosen - first, pollers.longest(began, changed), pollers.longest(changed, over), len(pollers.told)
    )


def pairs(url: str, service: Service, token: str, seconds: int) -> Iterator[tuple[float, float]]:
    """Rates of unchanged polls with and without a roll-out in which half of the agents are good, in turns."""
    headers = ["-H", f"Authorization: Bearer {token}"]
    execute(url, GOOD, AGAIN_SETTLED, "VACUUM ANALYZE agent_polls, rollout_agents")
    told: dict[bool, list[float]] = {True: [], False: []}
    for counts, runs in turns(PAIRS):
        last = "UPDATE agent_polls SET sequence_num = (SELECT max(sequence_num) FROM agent_polls)"
        execute(url, WITH if runs else WITHOUT, last, "VACUUM agent_polls")
        rate = opamp.poll_rate(service, headers, seconds, opamp.next_sequence(url))
        if counts:
            told[runs].append(rate)
    yield from zip(told[True], told[False], strict=True)


def main() -> None:
    """Print each pair, the median ratio, and the choosing."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    with opamp.deployed(**SECTIONS) as (url, service):
        begin(url, service)
        token = service.token("agent")
        chose = choosing(url, service, token)
        print(
            f"choosing {chose.chosen:,} of {opamp.AGENTS:,}: a look of {chose.seconds:.1f} s; the longest of "
            f"{chose.polls:,} polls: {chose.before * 1000:.0f} ms before, {chose.beside * 1000:.0f} ms beside it",
            flush=True,
        )
        told = []
        for rates in pairs(url, service, token, seconds):
            told.append(rates[0] / rates[1])
            print(f"polls with a roll-out {rates[0]:5.0f}/s  without {rates[1]:5.0f}/s  {told[-1]:.3f}", flush=True)
        print(f"median ratio {statistics.median(told):.3f}")


if __name__ == "__main__":
    main()
