"""Agents that a roll-out waits for: what it says while none is online, and how many they are."""

import pytest
from flask.testing import FlaskClient

from app.rollouts.staging import NOBODY_ONLINE
from tests.api.rollouts.staged import Staged

TWO_STAGES = {"stages": [{"percent": 20}], "soak": 0, "quiet": 0}


def test_with_none_online_it_waits_and_says_so(staged: Staged) -> None:
    """And goes on with the first that comes back."""
    staged.begin(**TWO_STAGES)
    (agent,) = staged.fleet(1)
    staged.age(3600)
    staged.publish("1.1.0")
    staged.look()
    assert "online" in staged.last()["reason"]
    agent.poll()
    staged.look()
    assert staged.last()["reason"] is None
    assert staged.poll() == {agent: "1.1.0"}


@pytest.mark.parametrize("actions", [("pause", "resume"), ("advance",)])
def test_with_none_online_it_says_so_after_an_action_too(staged: Staged, actions: tuple[str, ...]) -> None:
    """A stage that still waits, or that is opened by hand."""
    staged.begin(stages=[{"agents": 1}, {"agents": 2}], soak=0, quiet=0)
    staged.fleet(1)
    staged.age(3600)
    staged.publish("1.1.0")
    staged.look()
    for action in actions:
        assert staged.act(action)["reason"] != NOBODY_ONLINE
    staged.look(2)
    assert staged.last()["reason"] == NOBODY_ONLINE


def test_when_all_have_gone_offline_it_says_so(staged: Staged) -> None:
    """All places are free again: it waits for the first that comes back, which gets one."""
    staged.begin(stages=[{"agents": 1}], soak=0, quiet=0)
    (agent,) = staged.fleet(1)
    staged.publish("1.1.0")
    staged.look()
    staged.age(3600)
    staged.look()
    assert (staged.last()["state"], staged.last()["reason"]) == ("running", NOBODY_ONLINE)
    agent.poll()
    staged.look()
    assert (staged.last()["reason"], staged.poll()) == (None, {agent: "1.1.0"})


def test_who_waits_is_counted_again(staged: Staged, admin: FlaskClient) -> None:
    """Agents that come to the channel and that leave it, online or not."""
    staged.begin(stages=[{"agents": 1, "hold": True}], soak=0, quiet=0)
    staged.fleet(2)
    staged.publish("1.1.0")
    staged.look()
    newer = staged.fleet(3)
    expire_counts(staged)
    staged.look()
    assert staged.last()["counts"]["waiting"] == 5
    admin.delete(f"/api/v1/agents/{newer[0].uid}")
    expire_counts(staged)
    staged.look()
    assert staged.last()["counts"]["waiting"] == 4


def expire_counts(staged: Staged) -> None:
    """Let the next look count, as it does after a time that depends on how long it took."""
    with staged.parts.database.writing() as connection:
        connection.exec_driver_sql("UPDATE rollouts SET counts = counts - 'until'")
