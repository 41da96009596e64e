"""What stops a roll-out: failures, illness, silence, lateness; and what happens then."""

import pytest

from tests.api.agents.talking import TalkingAgent, offered
from tests.api.rollouts.staged import NAME, Staged

CANARIES = {"stages": [{"agents": 4}], "soak": 0, "quiet": 0}


def begun(staged: Staged, agents: int = 6, **policy: object) -> list[TalkingAgent]:
    """A roll-out to 1.1.0, whose canaries have been offered it; returns them."""
    staged.begin(**{**CANARIES, **policy})
    staged.fleet(agents)
    staged.publish("1.1.0")
    staged.look()
    return list(staged.poll())


def test_exactly_the_failure_over_the_limit(staged: Staged) -> None:
    """Two are allowed: the third stops it, in the transaction that notes it."""
    canaries = begun(staged)
    states = []
    for canary in canaries[:3]:
        staged.fail(canary)
        states.append(staged.last()["state"])
    assert states == ["running", "running", "paused"]
    stopped = staged.last()
    assert stopped["reason"] == "3 of 4 agents are bad, most often: failed (no room)."
    assert (stopped["counts"]["bad"], stopped["moves"]) == (3, False)
    assert staged.actions()[-1] == "brake"


def test_nobody_else_is_offered_it(staged: Staged) -> None:
    """Neither those that wait nor new ones, however often it is looked after."""
    staged.fail(*begun(staged))
    staged.look(3)
    assert staged.poll() == {}
    assert offered(TalkingAgent(staged.client).introduce()) == {NAME: "1.0.0"}


def test_all_have_answered_and_too_few_are_good(staged: Staged) -> None:
    """Also where the failures are within the limit."""
    canaries = begun(staged)
    staged.fail(*canaries[:2])
    staged.install(*canaries[2:])
    assert staged.last()["state"] == "running"
    staged.look()
    assert staged.last()["reason"] == "Only 2 of 4 agents are good; all have answered."


def test_all_have_answered_in_the_last_stage(staged: Staged) -> None:
    """And too few are good: it stops, though the failures are within the limit."""
    staged.begin(stages=[], soak=0, quiet=0)
    staged.fleet(4)
    staged.publish("1.1.0")
    staged.look()
    everyone = list(staged.poll())
    staged.install(*everyone[2:])
    staged.fail(*everyone[:2])
    staged.look()
    assert (staged.last()["state"], staged.last()["reason"]) == (
        "paused",
        "Only 2 of 4 agents are good; all have answered.",
    )


def test_back_by_itself(staged: Staged) -> None:
    """`on_failure: rollback` sends back who has it, and those that come back are counted."""
    canaries = begun(staged, on_failure="rollback", max_failures=0)
    staged.install(canaries[0])
    staged.fail(canaries[1])
    assert staged.last()["state"] == "rolled_back"
    back = staged.poll()
    assert set(back) == set(canaries)
    assert set(back.values()) == {"1.0.0"}
    staged.install(*back)
    assert staged.last()["counts"] == {"waiting": 0, "busy": 0, "good": 0, "bad": 0, "returned": 4}


def test_it_does_not_start_again_by_itself(staged: Staged) -> None:
    """Until somebody asks for it, or the list comes to something else."""
    begun(staged)
    rolled_back = staged.act("rollback", reason="it hurts")
    assert (rolled_back["state"], rolled_back["reason"]) == ("rolled_back", "it hurts")
    staged.look(2)
    assert staged.rollout_id is None
    response = staged.publisher.post("/api/v1/channels/stable/rollouts", json={"reason": "once more"})
    assert response.status_code == 201
    assert response.get_json()["events"][0]["reason"] == "once more"
    staged.act("rollback")
    staged.publish("1.2.0")
    staged.look()
    assert staged.last()["changes"][0]["to"] == "1.2.0"


def test_a_retry_that_succeeds(staged: Staged) -> None:
    """A bad agent is good again."""
    canaries = begun(staged, max_failures=4)
    staged.fail(canaries[0])
    assert staged.last()["counts"]["bad"] == 1
    staged.install(canaries[0])
    assert (staged.last()["counts"]["bad"], staged.last()["counts"]["good"]) == (0, 1)


def test_who_falls_ill(staged: Staged) -> None:
    """Healthy before, unhealthy for three polling intervals after: bad, and good once it is well."""
    staged.begin(**CANARIES)
    agents = staged.fleet(4)
    for agent in agents:
        staged.health(agent, healthy=True)
    staged.publish("1.1.0")
    staged.look()
    staged.install(*staged.poll())
    staged.health(agents[0], healthy=False, error="out of memory")
    staged.look()
    assert staged.last()["counts"]["bad"] == 0
    staged.age(100)
    staged.poll(*agents[1:])
    staged.look()
    [bad] = staged.publisher.get(f"/api/v1/rollouts/{staged.last()['id']}/agents?state=bad").get_json()
    assert (bad["cause"], bad["error"]) == ("unhealthy", "out of memory")
    staged.health(agents[0], healthy=True)
    assert staged.last()["counts"]["bad"] == 0


def test_who_was_ill_before(staged: Staged) -> None:
    """It is not blamed on the new version, and not called good."""
    staged.begin(stages=[{"agents": 1}], soak=0, quiet=0)
    (agent,) = staged.fleet(1)
    staged.health(agent, healthy=False)
    staged.publish("1.1.0")
    staged.look()
    staged.install(*staged.poll())
    staged.look()
    assert staged.last()["counts"]["busy"] == 1


@pytest.mark.parametrize(("watch", "bad"), [(["silent"], 1), ([], 0)])
def test_who_falls_silent(staged: Staged, watch: list[str], bad: int) -> None:
    """Without a disconnect, for three polling intervals: bad where that is watched; good once it speaks again."""
    staged.begin(stages=[{"agents": 2}], soak="5m", quiet=0, watch=watch)
    agents = staged.fleet(2)
    staged.publish("1.1.0")
    staged.look()
    staged.install(*staged.poll())
    staged.age(100)
    staged.poll(agents[1])
    staged.look()
    assert staged.last()["counts"]["bad"] == bad
    agents[0].poll()
    staged.look()
    agents[0].poll()
    assert staged.last()["counts"]["good"] == 2


def test_who_disconnects_is_not_silent(staged: Staged) -> None:
    """It said that it was leaving."""
    (canary,) = begun(staged, agents=1, stages=[{"agents": 1}], soak="5m")
    staged.install(canary)
    canary.say(canary.message(agent_disconnect={}))
    staged.age(100)
    staged.look()
    assert staged.last()["counts"]["good"] == 1


def test_who_is_late(staged: Staged) -> None:
    """Offered, and not answered by the deadline."""
    begun(staged, deadline="30s", max_failures=0)
    staged.age(31)
    staged.poll()
    staged.look()
    assert staged.last()["reason"] == "4 of 4 agents are bad, most often: late."


def test_who_has_answered_is_not_late(staged: Staged) -> None:
    """It was good by the deadline, and is unhealthy for a moment long after: not bad yet."""
    staged.begin(stages=[{"agents": 1}], soak="1h", quiet=0, deadline="30s", max_failures=0)
    (agent,) = staged.fleet(1)
    staged.health(agent, healthy=True)
    staged.publish("1.1.0")
    staged.look()
    staged.install(*staged.poll())
    staged.age(60)
    staged.health(agent, healthy=False)
    staged.look()
    assert (staged.last()["state"], staged.last()["counts"]["bad"]) == ("running", 0)


def test_resuming_forgives(staged: Staged) -> None:
    """Those that are bad by then no longer count: it goes on with the others."""
    canaries = begun(staged)
    staged.fail(*canaries)
    resumed = staged.act("resume")
    assert (resumed["state"], resumed["reason"]) == ("running", None)
    staged.look(2)
    assert len(staged.poll()) == 2


def test_pausing(staged: Staged) -> None:
    """No message after it brings a new agent the edition; a resume lets them go again, in the last stage too."""
    staged.begin(stages=[], soak=0, quiet=0)
    agents = staged.fleet(4)
    staged.publish("1.1.0")
    staged.look()
    staged.install(*staged.poll(*agents[:2]))
    assert staged.act("pause", reason="disk alerts")["reason"] == "disk alerts"
    assert staged.poll() == {}
    assert staged.act("pause")["reason"] == "disk alerts"
    staged.act("resume")
    staged.look()
    assert set(staged.poll()) == set(agents[2:])


def test_bad_ones_in_the_last_stage_stop_it(staged: Staged) -> None:
    """More than five per cent of those offered, and more than two."""
    staged.begin(stages=[], soak=0, quiet=0)
    staged.fleet(5)
    staged.publish("1.1.0")
    staged.look()
    chosen = list(staged.poll())
    staged.install(*chosen[3:])
    staged.fail(*chosen[:3])
    assert staged.last()["state"] == "paused"


def test_after_it_was_complete(staged: Staged) -> None:
    """The channel's last roll-out can be rolled back: all go back at once."""
    staged.begin(stages=[], soak=0, quiet=0)
    agents = staged.fleet(3)
    staged.publish("1.1.0")
    staged.look()
    staged.install(*staged.poll())
    staged.look(2)
    assert staged.last()["state"] == "complete"
    staged.act("rollback")
    assert set(staged.poll().items()) == {(agent, "1.0.0") for agent in agents}
    staged.look()
    assert staged.rollout_id is None
