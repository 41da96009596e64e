"""The plan of a channel with roll-outs says what its agents get."""

from typing import Any

from tests.api.channels.setting import channel
from tests.api.channels.test_plan import changes, plan
from tests.api.rollouts.staged import AT_ONCE, NAME, Staged

LATEST = {NAME: "latest"}


def rolled_back(staged: Staged) -> None:
    """A channel whose one agent went to 1.1.0 and back."""
    staged.begin(**AT_ONCE)
    agent = staged.agent()
    staged.publish("1.1.0")
    staged.look(2)
    staged.poll()
    staged.install(agent)
    staged.act("rollback")
    staged.poll()
    staged.install(agent)


def planned(staged: Staged, **fields: Any) -> set[tuple[str, str | None, str | None, str]]:
    """What the plan of the channel's list changes."""
    return changes(plan(staged.publisher, packages=LATEST, **fields))


def test_a_list_that_was_rolled_back(staged: Staged) -> None:
    """It changes nothing, as putting it does not: only a roll-out that somebody starts would."""
    rolled_back(staged)
    assert planned(staged) == {(NAME, "1.0.0", "1.0.0", "none")}
    channel(staged.publisher, packages=LATEST)
    staged.look(2)
    assert staged.poll() == {}


def test_a_list_without_the_policy(staged: Staged) -> None:
    """It would be followed at once, rolled back or not."""
    rolled_back(staged)
    assert planned(staged, rollout=None) == {(NAME, "1.0.0", "1.1.0", "upgrade")}


def test_a_new_version_after_a_way_back(staged: Staged) -> None:
    """The list comes to something else: by a roll-out, agents get that."""
    rolled_back(staged)
    staged.publish("1.2.0")
    assert planned(staged) == {(NAME, "1.0.0", "1.2.0", "upgrade")}
    staged.look(3)
    assert set(staged.poll().values()) == {"1.2.0"}


def test_a_roll_out_under_way(staged: Staged) -> None:
    """What it brings is what the plan says, though it waits for an approval."""
    staged.begin(**AT_ONCE, approval=True)
    staged.agent()
    staged.publish("1.1.0")
    staged.look(2)
    assert staged.last()["state"] == "pending"
    assert planned(staged) == {(NAME, "1.0.0", "1.1.0", "upgrade")}
