"""Roll-outs with agents on the official client: in stages, stopped by what they say, and all the way back."""

from typing import Any

from dev.parts import processes
from tests.opamp.fleet import Fleet
from tests.opamp.go_agent import GoAgent

ONE, TWO = {"otelcol": "1.0.0"}, {"otelcol": "1.1.0"}
QUICK: dict[str, Any] = {"stages": [{"agents": 1}], "soak": "1s", "quiet": 0}


def begun(fleet: Fleet, agents: int, **policy: Any) -> list[GoAgent]:
    """A channel with a policy, and agents that have its first version."""
    fleet.publish("1.0.0")
    fleet.channel({"otelcol": "latest"}, rollout={**QUICK, **policy})
    started = [fleet.agent() for _ in range(agents)]
    for agent in started:
        agent.wait_for(ONE)
    return started


def having(agents: list[GoAgent], versions: dict[str, str]) -> list[GoAgent]:
    """Those that have just these versions on their disks."""
    return [agent for agent in agents if agent.versions() == versions]


def wait_until(fleet: Fleet, state: str) -> None:
    """Return when the newest roll-out is so."""
    try:
        processes.wait_until(lambda: fleet.rollout().get("state") == state, f"The state {state}", 30)
    except TimeoutError as error:
        raise TimeoutError(f"{error}: {fleet.rollout()}") from error


def test_in_stages_then_a_bad_version_then_back(fleet: Fleet) -> None:
    """1.1 reaches all; a 1.2 that does not install stops at its canary; after the way back all are on 1.1."""
    agents = begun(fleet, 4, max_failures=0)
    fleet.publish("1.1.0")
    wait_until(fleet, "complete")
    assert having(agents, TWO) == agents
    for agent in agents:
        agent.fail(always=True)
    fleet.publish("1.2.0")
    wait_until(fleet, "paused")
    assert sum("otelcol 1.2.0" in agent.offers() for agent in agents) == 1
    for agent in agents:
        agent.fail(always=False)
    fleet.act("rollback")
    fleet.wait(lambda: fleet.rollout()["counts"]["returned"] == 1, "The way back")
    assert having(agents, TWO) == agents


def test_an_agent_that_falls_ill(fleet: Fleet) -> None:
    """It has installed the version and says that it is unhealthy: the roll-out stops, with its words."""
    agents = begun(fleet, 2, max_failures=0, soak="20s")
    fleet.publish("1.1.0")
    fleet.wait(lambda: len(having(agents, TWO)) == 1, "The canary")
    having(agents, TWO)[0].switch("unhealthy")
    wait_until(fleet, "paused")
    assert "unhealthy, as it was told to be" in fleet.rollout()["reason"]


def test_an_agent_that_crashes(fleet: Fleet) -> None:
    """It falls silent without a word once it has installed the version."""
    agents = begun(fleet, 2, max_failures=0, soak="20s")
    for agent in agents:
        agent.switch("crash")
    fleet.publish("1.1.0")
    wait_until(fleet, "paused")
    assert "silent" in fleet.rollout()["reason"]


def test_a_slow_download(fleet: Fleet) -> None:
    """It is waited for, and is good in the end."""
    agents = begun(fleet, 1, deadline="1m")
    agents[0].switch("slow", "2")
    fleet.publish("1.1.0")
    wait_until(fleet, "complete")
    assert having(agents, TWO) == agents
