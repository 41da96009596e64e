"""Roll-outs from beginning to end: who is offered what, in which stage."""

from tests.api.agents.talking import USUAL, TalkingAgent, offered
from tests.api.rollouts.staged import AT_ONCE, NAME, Staged

TWO_STAGES = {"stages": [{"percent": 20}], "soak": 0, "quiet": 0}


def test_the_first_edition_needs_no_stages(staged: Staged) -> None:
    """New agents get it, and there is no roll-out."""
    staged.begin(**TWO_STAGES)
    agent = TalkingAgent(staged.client)
    assert offered(agent.introduce()) == {NAME: "1.0.0"}
    staged.look()
    assert staged.rollout_id is None


def test_in_stages(staged: Staged) -> None:
    """A fifth of the agents first; all others when those are good; then the new edition is the stable one."""
    staged.begin(**TWO_STAGES)
    agents = staged.fleet(10)
    staged.publish("1.1.0")
    assert staged.poll() == {}
    staged.look()
    chosen = staged.poll()
    assert (len(chosen), set(chosen.values())) == (2, {"1.1.0"})
    assert staged.last()["counts"] == {"waiting": 8, "busy": 2, "good": 0, "bad": 0, "returned": 0}
    staged.install(*chosen)
    staged.look(2)
    others = staged.poll()
    assert (set(others), set(others.values())) == (set(agents) - set(chosen), {"1.1.0"})
    staged.install(*others)
    staged.look(2)
    ended = staged.last()
    assert (ended["state"], ended["counts"]["good"], ended["counts"]["waiting"]) == ("complete", 10, 0)
    assert [stage["places"] for stage in ended["stages"]] == [2, None]
    assert staged.actions() == ["started", "stage", "stage", "complete"]
    assert offered(TalkingAgent(staged.client).introduce()) == {NAME: "1.1.0"}


def test_what_it_changes(staged: Staged) -> None:
    """By name, platform and arch."""
    staged.begin(**TWO_STAGES)
    staged.publish("1.1.0")
    staged.look()
    place = {"name": NAME, "platform": "linux", "arch": "amd64"}
    assert staged.last()["changes"] == [{**place, "from": "1.0.0", "to": "1.1.0"}]


def test_each_platform_has_its_canary(staged: Staged) -> None:
    """One per cent of few agents is one of each platform; who is on another platform is not concerned."""
    staged.publish("1.0.0", platform="windows")
    staged.publish("1.0.0", platform="darwin")
    staged.begin(stages=[{"percent": 1}], soak=0, quiet=0)
    linux, windows, darwin = (staged.fleet(3, os__type=name) for name in ("linux", "windows", "darwin"))
    staged.publish("1.1.0")
    staged.publish("1.1.0", platform="windows")
    staged.look()
    chosen = staged.poll()
    assert [len(chosen.keys() & set(group)) for group in (linux, windows, darwin)] == [1, 1, 0]
    staged.install(*chosen)
    staged.look(2)
    assert set(staged.poll()) == {*linux, *windows} - set(chosen)


def test_a_number_of_agents(staged: Staged) -> None:
    """Just so many, earlier stages counted in."""
    staged.begin(stages=[{"agents": 2}, {"agents": 3}], soak=0, quiet=0)
    staged.fleet(6)
    staged.publish("1.1.0")
    staged.look()
    first = staged.poll()
    staged.install(*first)
    staged.look(2)
    assert (len(first), len(staged.poll())) == (2, 1)


def test_those_that_match(staged: Staged) -> None:
    """A stage of the agents with an attribute; one that no known agent has is passed over."""
    stages = [{"match": {"site": "moon"}}, {"match": {"site": "lab"}}]
    staged.begin(stages=stages, soak=0, quiet=0)
    staged.fleet(3)
    lab = staged.fleet(2, site="lab")
    staged.publish("1.1.0")
    staged.look()
    assert set(staged.poll()) == set(lab)
    assert staged.last()["stage"] == 2


def test_who_goes_offline_gives_up_the_place(staged: Staged) -> None:
    """Before it was offered anything: another is chosen, and no more than there are places."""
    staged.begin(stages=[{"agents": 1}], soak=0, quiet=0)
    agents = staged.fleet(3)
    staged.publish("1.1.0")
    staged.look()
    [place] = staged.publisher.get(f"/api/v1/rollouts/{staged.rollout_id}/agents").get_json()
    chosen = next(agent for agent in agents if str(agent.uid) == place["instance_uid"])
    chosen.say(chosen.message(agent_disconnect={}))
    staged.look()
    others = [agent for agent in agents if agent is not chosen]
    assert len(staged.poll(*others)) == 1
    assert staged.poll(chosen) == {}


def test_a_soak(staged: Staged) -> None:
    """The next stage opens when all was well for so long, and not before."""
    staged.begin(stages=[{"agents": 1}], soak="10m", quiet=0)
    staged.fleet(2)
    staged.publish("1.1.0")
    staged.look()
    staged.install(*staged.poll())
    staged.look(2)
    assert staged.last()["stage"] == 1
    staged.age(80)
    staged.look(2)
    assert staged.last()["stage"] == 1
    with staged.parts.database.writing() as connection:
        connection.exec_driver_sql("UPDATE rollouts SET good_since = good_since - interval '10 minutes'")
    staged.poll()
    staged.look(2)
    assert staged.last()["stage"] == 2


def test_a_stage_on_hold(staged: Staged) -> None:
    """Only `advance` leaves it."""
    staged.begin(stages=[{"agents": 1, "hold": True}], soak=0, quiet=0)
    staged.fleet(2)
    staged.publish("1.1.0")
    staged.look()
    staged.install(*staged.poll())
    staged.look(3)
    assert staged.last()["stage"] == 1
    assert staged.act("advance")["stage"] == 2
    staged.look()
    assert len(staged.poll()) == 1


def test_at_once(staged: Staged) -> None:
    """No more agents are let go than may be busy at once."""
    staged.begin(**AT_ONCE, at_once=2)
    staged.fleet(5)
    staged.publish("1.1.0")
    staged.look()
    for expected in (2, 2, 1):
        chosen = staged.poll()
        assert len(chosen) == expected
        assert staged.poll() == {}
        staged.look()
        assert staged.poll() == {}
        staged.install(*chosen)
        staged.look(2)
    staged.look()
    assert staged.last()["state"] == "complete"


def test_uploads_wait_until_it_is_quiet(staged: Staged) -> None:
    """A roll-out begins when the list has come to the same for so long; a PUT begins one at once."""
    staged.begin(stages=[], soak=0, quiet="1m")
    staged.publish("1.1.0")
    staged.look()
    assert staged.rollout_id is None
    staged.age(90)
    staged.look()
    assert staged.rollout_id is not None


def test_new_agents_during_a_rollout(staged: Staged) -> None:
    """They get the stable edition, in the last stage the new one."""
    staged.begin(stages=[{"agents": 1}], soak=0, quiet=0)
    staged.fleet(1)
    staged.publish("1.1.0")
    staged.look()
    assert offered(TalkingAgent(staged.client).introduce()) == {NAME: "1.0.0"}
    staged.install(*staged.poll())
    staged.look(2)
    assert offered(TalkingAgent(staged.client).introduce()) == {NAME: "1.1.0"}


def test_who_has_it_already_is_left_alone(staged: Staged) -> None:
    """It is not counted, and not sent back."""
    staged.begin(stages=[{"agents": 1, "hold": True}], soak=0, quiet=0)
    staged.publish("1.1.0")
    staged.look()
    offer = staged.admin.post("/api/v1/offers", json={"attributes": {"os.type": "linux", "host.arch": "amd64"}})
    assert offer.get_json()["packages"][NAME]["version"] == "1.0.0"
    first = staged.agent()
    staged.look()
    staged.install(*staged.poll(first))
    twin = TalkingAgent(staged.client)
    twin.statuses.CopyFrom(first.statuses)
    assert offered(twin.introduce()) is None
    staged.look()
    assert (offered(twin.poll()), staged.last()["counts"]["waiting"]) == (None, 0)


def test_who_tells_no_statuses_gets_it_in_the_last_stage(staged: Staged) -> None:
    """It can't answer, and is not waited for."""
    staged.begin(stages=[{"agents": 1}], soak=0, quiet=0)
    (one,) = staged.fleet(1)
    silent = TalkingAgent(staged.client, USUAL & ~16)
    assert offered(silent.introduce()) == {NAME: "1.0.0"}
    staged.publish("1.1.0")
    staged.look()
    assert offered(silent.poll()) is None
    staged.install(*staged.poll(one))
    staged.look(2)
    assert offered(silent.poll()) == {NAME: "1.1.0"}
    staged.look(2)
    assert staged.last()["state"] == "complete"


def test_an_unchanged_poll_stays_one_statement(staged: Staged, statements: list[str]) -> None:
    """Beside the token's: for those that are not chosen, whatever the stages do, and for those that have answered."""
    staged.begin(stages=[{"agents": 1}, {"agents": 2}], soak=0, quiet=0)
    agents = staged.fleet(4)
    staged.publish("1.1.0")
    staged.look()
    first = staged.poll()
    staged.install(*first)
    staged.look(2)
    (second,) = staged.poll()
    others = [agent for agent in agents if agent not in (*first, second)]
    for agent in (*first, *others):
        statements.clear()
        agent.poll()
        assert len(statements) == 2
