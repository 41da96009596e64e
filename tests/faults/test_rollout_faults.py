"""A roll-out whose service is killed at each statement, and whose PostgreSQL stands still, restarts or crashes.

Never are more agents offered the new version than there are places, the brake stops at the failure that is over the
limit, and every roll-out ends.
"""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dev.parts import postgres
from dev.parts.postgres import Postgres
from tests import databases, threads
from tests.faults.outages import DATABASE_FAULTS
from tests.faults.rollouts import BRAKING, ENDING, OFFERING, RETURNING, STARTING, Rolling
from tests.faults.site import Site, installed

RARELY = {"polling_interval": "60s"}
"""Who polls now and then is online all the time."""

QUICKLY: dict[str, dict[str, Any]] = {
    "agents": RARELY,
    "rollouts": {"interval": "1s"},
    "server": {"workers": 1},
}
SIDES: dict[str, Callable[[int], bool]] = {
    "alternately": lambda number: number % 2 == 1,
    "before": lambda _: False,
    "after": lambda _: True,
}
"""Whether PostgreSQL has the statement at which the service dies."""

CHOSEN = os.environ.get("OPAMP_TEST_ROLLOUT_SIDES", "alternately").split(",")
LAZY = {"wal_writer_delay": "10s"}
"""What no commit has waited for is written so rarely that a crash loses it."""

TAKEN = "SELECT instance_uid::text FROM rollout_agents WHERE state = 'busy'"
FAULTS = ["PostgreSQL frozen (SIGSTOP)", "PostgreSQL restarts"]


@pytest.fixture(scope="module")
def rolling_site(services_folder: Path, postgres_server: Postgres, database_template: None) -> Iterator[Site]:
    """A service that looks after roll-outs every second."""
    with installed(services_folder, postgres_server, "rollout_faults", **QUICKLY) as built:
        yield built


@pytest.mark.parametrize("side", CHOSEN)
def test_killed_at_each_statement(rolling_site: Site, side: str) -> None:
    """Of a start, a look, a turn, an action and an end: three are offered what has three places, and all in the end."""
    rolling = Rolling.on(rolling_site, 6, stages=[{"agents": 1}, {"agents": 3, "hold": True}])
    with rolling.killed_at(STARTING, SIDES[side]) as traps:
        rolling.publish("1.1.0")
        rolling.until(lambda: not traps.missed, f"A death at each of {traps.missed}")

    def is_held() -> bool:
        rolling.poll()
        assert rolling.offered("1.1.0") <= 3
        return not traps.missed and rolling.having("1.1.0") == 3

    with rolling.killed_at(OFFERING, SIDES[side]) as traps:
        rolling.until(is_held, f"Three agents, and a death at each of {traps.missed}")
    for _ in range(3):
        rolling.poll()
    assert (rolling.offered("1.1.0"), rolling.rollout()["counts"]["good"]) == (3, 3)
    with rolling.killed_at(ENDING, SIDES[side]) as traps:
        rolling.act("finish")
        rolling.until_state("complete")
        rolling.until(lambda: not traps.missed, f"A death at each of {traps.missed}")
    assert rolling.having("1.1.0") == 6


@pytest.mark.parametrize("side", CHOSEN)
def test_killed_at_each_statement_of_the_brake(rolling_site: Site, side: str) -> None:
    """The second failure stops it, once, and all go back."""
    rolling = Rolling.on(rolling_site, 5, stages=[{"agents": 3, "hold": True}], max_failures=1)
    rolling.publish("1.1.0")
    offers: dict[int, Any] = {}

    def are_offered() -> bool:
        found = {number: agent.poll() for number, agent in enumerate(rolling.agents) if number not in offers}
        offers.update({number: offer for number, offer in found.items() if offer is not None})
        return len(offers) == 3

    rolling.until(are_offered, "Three offers")
    first, second, _ = offers
    rolling.agents[first].fail(offers[first])
    assert rolling.rollout()["state"] == "running"
    with rolling.killed_at(BRAKING, SIDES[side]) as traps:
        rolling.agents[second].fail(offers[second])
        rolling.until(lambda: not traps.missed, f"A death at each of {traps.missed}")
    stopped = rolling.rollout()
    assert stopped["state"] == "paused"
    assert stopped["reason"] == "2 of 3 agents are bad, most often: failed (could not be installed)."
    assert [event["action"] for event in stopped["events"]].count("brake") == 1
    with rolling.killed_at(RETURNING, SIDES[side]) as traps:
        rolling.act("rollback")
        rolling.until(lambda: not traps.missed, f"A death at each of {traps.missed}")
    for _ in range(3):
        rolling.poll()
    assert rolling.rollout()["state"] == "rolled_back"
    assert (rolling.offered("1.1.0"), rolling.having("1.0.0")) == (3, 5)


@pytest.mark.parametrize("fault", FAULTS)
def test_postgresql_fails_while_it_goes_on(rolling_site: Site, fault: str) -> None:
    """At its start and at its offers; whoever asks meanwhile is answered 503, and the numbers are exact."""
    rolling = Rolling.on(rolling_site, 8, stages=[{"agents": 3, "hold": True}])
    stop = threading.Event()

    def poll_on() -> None:
        while not stop.is_set():
            rolling.poll()

    def fail() -> None:
        with DATABASE_FAULTS[fault](rolling_site):
            answer = rolling.fleet.operator.get("/rollouts?limit=1")
            assert answer.status == 503, answer.body

    rolling.publish("1.1.0")
    fail()
    with threads.running(poll_on, stop=stop):
        rolling.until(lambda: rolling.offered("1.1.0") > 0, "An offer")
        fail()
        rolling.until(lambda: rolling.having("1.1.0") == 3, "Three agents")
        fail()
    for _ in range(3):
        rolling.poll()
    assert (rolling.offered("1.1.0"), rolling.rollout()["counts"]["good"]) == (3, 3)
    rolling.act("finish")
    rolling.until_state("complete")
    assert rolling.having("1.1.0") == 8


def test_postgresql_crashes_after_an_offer(services_folder: Path) -> None:
    """A place that was taken is on the disk before the offer goes out: after the crash nobody else has it."""
    folder = services_folder / "crashing"
    seldom = {"agents": RARELY, "rollouts": {"interval": "1h"}, "server": {"workers": 1}}
    with postgres.running(folder, settings=LAZY) as server, contextlib.ExitStack() as servers:
        databases.make_template(server)
        with installed(services_folder, server, "crashing", **seldom) as site:
            rolling = Rolling.on(site, 4, stages=[{"agents": 1, "hold": True}])
            rolling.publish("1.1.0")
            for _ in range(2):
                site.parts.rollouts.duty.run()
            canary = next(agent for agent in rolling.agents if agent.poll() is not None)
            server.process.send_signal(signal.SIGQUIT)
            server.process.wait(60)
            servers.enter_context(postgres.running(folder, settings=LAZY, port=server.port))
            assert databases.found(site.direct_url, TAKEN) == [(str(canary.uid),)]
            rolling.poll()
            assert rolling.offered("1.1.0") == 1
