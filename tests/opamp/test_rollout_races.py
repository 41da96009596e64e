"""Exact numbers: of many agents at once on two instances, while connections to PostgreSQL die.

Short unless the environment says more: docs/rollouts.md names the campaign.
"""

import contextlib
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

from dev.parts import processes
from tests import threads
from tests.databases import connected
from tests.faults import service as services
from tests.opamp.fleet import Fleet
from tests.opamp.scripted import ScriptedAgent

AGENTS = int(os.environ.get("OPAMP_TEST_ROLLOUT_AGENTS", "120"))
KILLS = int(os.environ.get("OPAMP_TEST_ROLLOUT_KILLS", "60"))
RUNS = int(os.environ.get("OPAMP_TEST_ROLLOUT_RUNS", "1"))
PLACES = 25
THREADS = 12
HELD: dict[str, Any] = {"soak": 0, "quiet": 0}


@pytest.fixture
def urls(fleet: Fleet) -> Iterator[list[str]]:
    """The service, and a second instance on the same database and storage, with the same public URL."""
    server = {**fleet.service.sections["server"], "public_url": fleet.service.url}
    sections = {**fleet.service.sections, "server": server}
    with services.running(fleet.service.folder, **sections) as other:
        yield [fleet.service.url, other.url]


def at_once(agents: list[ScriptedAgent], act: Callable[[ScriptedAgent], Any]) -> None:
    """Let all agents do something, THREADS at a time."""
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(act, agents))


def offered(agents: list[ScriptedAgent], version: str) -> list[ScriptedAgent]:
    """Those that were ever offered a version."""
    return [agent for agent in agents if version in agent.offers]


def on_service(cursor: Any, query: str) -> Any:
    """What `query` finds of the service's sessions, which it calls `service`."""
    sessions = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    cursor.execute(f"WITH service AS ({sessions} AND backend_type = 'client backend') {query}")
    return cursor.fetchone()


@contextlib.contextmanager
def connections_dying(url: str) -> Iterator[threading.Event]:
    """End the service's sessions at random, KILLS of them; the event is set once they were ended."""
    stopped, done = threading.Event(), threading.Event()

    def kill() -> None:
        ended = 0
        with contextlib.closing(connected(url)) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            while ended < KILLS and not stopped.wait(random.uniform(0.02, 0.08)):
                one = "(SELECT pid FROM service ORDER BY random() LIMIT 1)"
                ended += on_service(cursor, f"SELECT count(*) FROM {one} AS one WHERE pg_terminate_backend(pid)")[0]
        done.set()

    with threads.running(kill, stop=stopped):
        yield done


@pytest.mark.parametrize("_run", range(RUNS))
def test_never_more_than_there_are_places(fleet: Fleet, urls: list[str], _run: int) -> None:
    """All agents poll as fast as they can, on two instances, while connections die: 25 are offered it, 25 are good."""
    fleet.publish("1.0.0")
    stages = [{"agents": PLACES, "hold": True}]
    fleet.channel({"otelcol": "latest"}, rollout={**HELD, "stages": stages, "watch": []})
    agents = [ScriptedAgent(urls, fleet.agent_token) for _ in range(AGENTS)]
    at_once(agents, ScriptedAgent.introduce)
    fleet.publish("1.1.0")

    def all_poll() -> None:
        random.shuffle(agents)
        at_once(agents, lambda agent: agent.installed(agent.poll()))
        assert len(offered(agents, "1.1.0")) <= PLACES

    def are_offered() -> bool:
        all_poll()
        return dead.is_set() and len(offered(agents, "1.1.0")) == PLACES

    with connections_dying(fleet.database_url) as dead:
        processes.wait_until(are_offered, f"{KILLS} dead connections and {PLACES} offers", 120)
    for _ in range(3):
        all_poll()
    counts = fleet.rollout()["counts"]
    assert (counts["good"], counts["busy"], counts["bad"]) == (PLACES, 0, 0)


@pytest.mark.parametrize("dying", [False, True], ids=["", "connections die"])
@pytest.mark.parametrize("_run", range(RUNS))
def test_the_failure_over_the_limit_stops_it(fleet: Fleet, urls: list[str], _run: int, dying: bool) -> None:
    """Forty fail at one instant over many connections: the fourth is the one that stops it, none is counted twice."""
    fleet.publish("1.0.0")
    policy = {
        **HELD,
        "stages": [{"agents": 40, "hold": True}],
        "max_failures": 3,
        "max_failure_percent": 5,
        "watch": [],
    }
    fleet.channel({"otelcol": "latest"}, rollout=policy)
    agents = [ScriptedAgent(urls, fleet.agent_token) for _ in range(40)]
    at_once(agents, ScriptedAgent.introduce)
    fleet.publish("1.1.0")
    offers: dict[UUID, Any] = {}

    def poll(agent: ScriptedAgent) -> None:
        offers[agent.uid] = agent.poll() or offers.get(agent.uid)

    def all_are_offered() -> bool:
        at_once(agents, poll)
        return len(offered(agents, "1.1.0")) == len(agents)

    processes.wait_until(all_are_offered, "The offers", 30)
    with connections_dying(fleet.database_url) if dying else contextlib.nullcontext():
        at_once(agents, lambda agent: agent.fail(offers[agent.uid]))
    stopped = fleet.rollout()
    assert stopped["state"] == "paused"
    assert stopped["reason"] == "4 of 40 agents are bad, most often: failed (could not be installed)."
    assert [event["action"] for event in stopped["events"]].count("brake") == 1
    assert stopped["counts"]["bad"] == 40


def test_a_pause_that_was_answered(fleet: Fleet, urls: list[str]) -> None:
    """No message that is sent after it brings a new agent the edition, on either instance."""
    fleet.publish("1.0.0")
    fleet.channel({"otelcol": "latest"}, rollout={**HELD, "stages": [], "watch": []})
    agents = [ScriptedAgent(urls, fleet.agent_token) for _ in range(60)]
    at_once(agents, ScriptedAgent.introduce)
    fleet.publish("1.1.0")
    processes.wait_until(lambda: bool(fleet.rollout()), "The roll-out", 30)
    pool = ThreadPoolExecutor(THREADS)
    polls = [pool.submit(agent.poll) for _ in range(6) for agent in agents]
    processes.wait_until(lambda: len(offered(agents, "1.1.0")) >= 5 or all(p.done() for p in polls), "Offers", 30)
    fleet.act("pause")
    for poll in polls:
        poll.cancel()
    pool.shutdown()
    before = offered(agents, "1.1.0")
    for _ in range(2):
        at_once(agents, ScriptedAgent.poll)
    assert len(offered(agents, "1.1.0")) == len(before)


def test_every_instance_dies(fleet: Fleet, urls: list[str]) -> None:
    """Workers are killed at any moment while a roll-out goes on: it ends, and everyone has the new version."""
    fleet.publish("1.0.0")
    fleet.channel({"otelcol": "latest"}, rollout={**HELD, "stages": [{"percent": 20}], "watch": []})
    agents = [ScriptedAgent(urls, fleet.agent_token) for _ in range(30)]
    at_once(agents, ScriptedAgent.introduce)
    fleet.publish("1.1.0")

    def is_over() -> bool:
        at_once(agents, lambda agent: agent.installed(agent.poll()))
        return bool(fleet.rollout().get("state") == "complete")

    for _ in range(3):
        at_once(agents, lambda agent: agent.installed(agent.poll()))
        fleet.service.kill_workers()
        time.sleep(0.5)
    processes.wait_until(is_over, "The end of the roll-out", 60)
    assert len(offered(agents, "1.1.0")) == len(agents)
