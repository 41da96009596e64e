"""Agents on the official client: what their operator wants is what comes to be on their disks."""

import json
import signal

from tests.databases import execute
from tests.opamp.fleet import Fleet

ONE = {"otelcol": "1.0.0"}


def test_first_install(fleet: Fleet) -> None:
    """The bytes that were uploaded are on the agent's disk, and the operator sees it; one offer was enough."""
    package = fleet.publish("1.0.0", b"the very bytes")
    fleet.channel({"otelcol": "latest"})
    agent = fleet.agent()
    agent.wait_for(ONE)
    assert agent.content("otelcol") == b"the very bytes"
    fleet.wait(lambda: fleet.states(agent) == {"otelcol": "installed"}, "The status")
    seen = fleet.seen(agent)
    assert (seen["status"], seen["channel"], seen["healthy"]) == ("online", "stable", True)
    assert fleet.installations(package) == {"installed": 1, "installing": 0, "failed": 0, "offered": 0}
    agent.polls(8)
    assert agent.offers() == ["otelcol 1.0.0"]


def test_compressed(fleet: Fleet) -> None:
    """The same with gzip."""
    fleet.publish("1.0.0")
    fleet.channel({"otelcol": "latest"})
    fleet.agent("-gzip").wait_for(ONE)


def test_upgrade_by_latest(fleet: Fleet) -> None:
    """A newer upload reaches the agent, once."""
    fleet.publish("1.0.0")
    fleet.channel({"otelcol": "latest"})
    agent = fleet.agent()
    agent.wait_for(ONE)
    fleet.publish("1.1.0", b"newer bytes")
    agent.wait_for({"otelcol": "1.1.0"})
    assert agent.content("otelcol") == b"newer bytes"
    agent.polls(5)
    assert agent.offers() == ["otelcol 1.0.0", "otelcol 1.1.0"]


def test_rollback_by_yanking(fleet: Fleet) -> None:
    """Yanking the newest brings the one before it back."""
    fleet.publish("1.0.0", b"good")
    newer = fleet.publish("1.1.0", b"bad")
    fleet.channel({"otelcol": "latest"})
    agent = fleet.agent()
    agent.wait_for({"otelcol": "1.1.0"})
    fleet.yank(newer)
    agent.wait_for(ONE)
    assert agent.content("otelcol") == b"good"
    fleet.wait(lambda: fleet.states(agent) == {"otelcol": "installed"}, "The status")


def test_a_pinned_version(fleet: Fleet) -> None:
    """It is installed whatever is newer, and stays when it is yanked."""
    pinned = fleet.publish("1.0.0")
    fleet.publish("1.1.0")
    fleet.channel({"otelcol": "1.0.0"})
    agent = fleet.agent()
    agent.wait_for(ONE)
    fleet.yank(pinned)
    agent.polls(4)
    assert agent.versions() == ONE
    other = fleet.agent()
    other.wait_for(ONE)


def test_a_package_is_removed(fleet: Fleet) -> None:
    """What the channel no longer has goes from the disk; an empty channel empties it."""
    fleet.publish("1.0.0")
    fleet.publish("1.0.0", name="plugin")
    fleet.channel({"otelcol": "latest", "plugin": "latest"})
    agent = fleet.agent()
    agent.wait_for({**ONE, "plugin": "1.0.0"})
    fleet.channel({"otelcol": "latest"})
    agent.wait_for(ONE)
    assert agent.files() == {"otelcol"}
    fleet.channel({})
    agent.wait_for({})
    assert agent.files() == set()
    fleet.wait(lambda: fleet.states(agent) == {}, "The status")


def test_a_channel_that_goes_removes_nothing(fleet: Fleet) -> None:
    """An agent that no channel fits keeps what it has."""
    fleet.publish("1.0.0")
    fleet.channel({"otelcol": "latest"})
    agent = fleet.agent()
    agent.wait_for(ONE)
    assert fleet.operator.request("DELETE", "/api/v1/channels/stable").status == 204
    agent.polls(4)
    agent.restart()
    agent.polls(4)
    assert agent.versions() == ONE
    assert len(agent.offers()) == 1


def test_another_platform(fleet: Fleet) -> None:
    """Each agent gets its own platform's file; who there is none for gets nothing."""
    fleet.publish("1.0.0", b"for linux")
    fleet.publish("1.0.0", b"for macs", platform="darwin", arch="any")
    fleet.channel({"otelcol": "latest"})
    linux, mac = fleet.agent(), fleet.agent(os__type="darwin", host__arch="aarch64")
    windows = fleet.agent(os__type="windows")
    linux.wait_for(ONE)
    mac.wait_for(ONE)
    assert (linux.content("otelcol"), mac.content("otelcol")) == (b"for linux", b"for macs")
    windows.polls(3)
    assert (windows.versions(), windows.offers()) == ({}, [])


def test_channels_by_attribute(fleet: Fleet) -> None:
    """The agent with the attribute is in the ring that asks for it."""
    fleet.publish("1.0.0")
    fleet.publish("2.0.0-rc.1")
    fleet.channel({"otelcol": "latest"})
    fleet.channel({"otelcol": "2.0.0-rc.1"}, "canary", ring="canary")
    usual, early = fleet.agent(), fleet.agent(ring="canary")
    usual.wait_for(ONE)
    early.wait_for({"otelcol": "2.0.0-rc.1"})


def test_a_failed_install_and_its_backoff(fleet: Fleet) -> None:
    """One try, then none before the backoff is over; then again, and a new version at once."""
    package = fleet.publish("1.0.0")
    fleet.channel({"otelcol": "latest"})
    agent = fleet.agent(fails=True)
    fleet.wait(lambda: fleet.states(agent) == {"otelcol": "failed"}, "The failure")
    agent.polls(10)
    tries = len(agent.offers())
    assert tries <= 2
    assert "as it was told to" in fleet.seen(agent)["packages"][0]["error"]
    assert fleet.installations(package)["failed"] == 1
    fleet.let_backoffs_pass()
    fleet.wait(lambda: len(agent.offers()) == tries + 1, "The second try")
    agent.polls(6)
    assert len(agent.offers()) == tries + 1
    agent.fail(always=False)
    fleet.publish("1.1.0")
    agent.wait_for({"otelcol": "1.1.0"})
    fleet.wait(lambda: fleet.states(agent) == {"otelcol": "installed"}, "The status")


def test_the_service_restarts(fleet: Fleet) -> None:
    """Agents find their way back, are offered nothing twice, and take what has come in between."""
    fleet.publish("1.0.0")
    fleet.channel({"otelcol": "latest"})
    agent = fleet.agent()
    agent.wait_for(ONE)
    fleet.service.stop()
    agent.polls(2)
    fleet.service.start(wait_for="/health/ready")
    agent.polls(4)
    assert len(agent.offers()) == 1
    fleet.service.kill()
    fleet.service.start(wait_for="/health/ready")
    fleet.publish("1.1.0")
    agent.wait_for({"otelcol": "1.1.0"})


def test_the_agent_is_killed_while_the_offer_is_new(fleet: Fleet) -> None:
    """Killed again and again, it still comes to have what it should."""
    fleet.publish("1.0.0", b"x" * 20_000_000)
    fleet.channel({"otelcol": "latest"})
    agent = fleet.agent()
    for _ in range(3):
        agent.polls(0)
        agent.stop(signal.SIGKILL)
        agent.start()
    agent.wait_for(ONE)


def test_a_revoked_token(fleet: Fleet) -> None:
    """From then on nothing reaches the agent; with a new token it catches up."""
    body = json.dumps({"name": "fleet", "role": "agent"}).encode()
    issued = fleet.operator.request("POST", "/api/v1/tokens", body, Content_Type="application/json").json()
    fleet.publish("1.0.0")
    fleet.channel({"otelcol": "latest"})
    agent = fleet.agent(token=issued["token"])
    agent.wait_for(ONE)
    assert fleet.operator.request("DELETE", f"/api/v1/tokens/{issued['id']}").status == 204
    fleet.publish("1.1.0")
    agent.polls(5)
    assert agent.versions() == ONE
    fleet.wait(lambda: fleet.seen(agent)["status"] == "offline", "The silence")
    agent.token = fleet.agent_token
    agent.restart()
    agent.wait_for({"otelcol": "1.1.0"})
    assert fleet.seen(agent)["status"] == "online"


def test_a_service_that_forgot(fleet: Fleet) -> None:
    """With its database of agents lost the service asks for what they have, and offers nothing that they have."""
    fleet.publish("1.0.0")
    fleet.channel({"otelcol": "latest"})
    agent = fleet.agent()
    agent.wait_for(ONE)
    fleet.wait(lambda: fleet.states(agent) == {"otelcol": "installed"}, "The status")
    execute(fleet.database_url, "DELETE FROM agents")
    fleet.wait(lambda: fleet.operator.get(f"/agents/{agent.uid}").status == 200, "The agent's return")
    fleet.wait(lambda: fleet.states(agent) == {"otelcol": "installed"}, "The status")
    assert len(agent.offers()) == 1
