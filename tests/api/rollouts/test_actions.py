"""Actions on roll-outs, lists, and who may do what."""

import pytest
from flask.testing import FlaskClient

from tests.api.agents.talking import TalkingAgent, offered
from tests.api.rollouts.staged import AT_ONCE, Staged

HELD = {"stages": [{"agents": 1, "hold": True}, {"agents": 2}], "soak": 0, "quiet": 0}


def begun(staged: Staged, **policy: object) -> int:
    """A roll-out in its first stage; returns its id."""
    staged.begin(**{**HELD, **policy})
    staged.fleet(4)
    staged.publish("1.1.0")
    staged.look()
    return int(staged.last()["id"])


def test_approval(staged: Staged, publisher: FlaskClient) -> None:
    """It waits for an admin; a publisher may roll it back, but not approve."""
    rollout = begun(staged, approval=True)
    assert (staged.last()["state"], staged.poll()) == ("pending", {})
    assert publisher.post(f"/api/v1/rollouts/{rollout}/approve").status_code == 403
    assert staged.act("approve")["state"] == "running"
    staged.look()
    assert len(staged.poll()) == 1


@pytest.mark.parametrize("action", ["pause", "resume", "approve", "finish", "rollback"])
def test_what_is_done_already(staged: Staged, admin: FlaskClient, action: str) -> None:
    """It stays as it is, and nothing more is noted."""
    rollout = begun(staged)
    first = admin.post(f"/api/v1/rollouts/{rollout}/{action}").get_json()
    second = admin.post(f"/api/v1/rollouts/{rollout}/{action}")
    assert (second.status_code, second.get_json()["events"]) == (200, first["events"])


def test_what_is_over(staged: Staged, admin: FlaskClient) -> None:
    """409 for all but a second roll-back."""
    rollout = begun(staged)
    staged.act("rollback")
    path = f"/api/v1/rollouts/{rollout}"
    codes = {action: admin.post(f"{path}/{action}").status_code for action in ("pause", "resume", "advance", "finish")}
    assert set(codes.values()) == {409}
    assert admin.post(f"{path}/rollback").status_code == 200
    assert admin.post(f"{path}/explode").status_code == 404


def test_advance_and_finish(staged: Staged, admin: FlaskClient) -> None:
    """Into the next, into the last stage; beyond it there is none."""
    rollout = begun(staged)
    assert staged.act("advance", reason="looks good")["stage"] == 2
    assert staged.act("finish")["stage"] == 3
    assert admin.post(f"/api/v1/rollouts/{rollout}/advance").status_code == 409
    staged.look()
    assert len(staged.poll()) == 4
    assert [event["action"] for event in staged.last()["events"]][-2:] == ["advance", "finish"]


def test_advance_before_the_first_look(staged: Staged, publisher: FlaskClient) -> None:
    """It is in stage 1 from its beginning, in its events too: the next one is the second, and beyond the last none."""
    staged.begin(**HELD)
    staged.publish("1.1.0")
    begun = publisher.post("/api/v1/channels/stable/rollouts").get_json()
    assert (begun["stage"], begun["events"][0]["stage"]) == (1, 1)
    assert [staged.act("advance")["stage"] for _ in range(2)] == [2, 3]
    assert publisher.post(f"/api/v1/rollouts/{begun['id']}/advance").status_code == 409
    assert [event["stage"] for event in staged.last()["events"]] == [1, 2, 3]


def test_not_before_is_said_at_once(staged: Staged) -> None:
    """By the answer, and by that to a resume later: not only once an instance has looked."""
    begun(staged, approval=True)
    waits = [staged.act("approve", not_before="2100-01-01T00:00:00Z")]
    staged.act("pause")
    waits.append(staged.act("resume"))
    assert [(rollout["moves"], rollout["moves_at"]) for rollout in waits] == [
        (False, "2100-01-01T00:00:00.000000Z")
    ] * 2
    staged.act("pause")
    assert staged.act("resume", not_before="2020-01-01T00:00:00Z")["moves_at"] is None


def test_not_before(staged: Staged) -> None:
    """Nobody is let go earlier, and the reason says so."""
    begun(staged, approval=True)
    waits = staged.act("approve", not_before="2100-01-01T00:00:00Z")
    staged.look()
    waits = staged.last()
    assert (waits["moves"], waits["moves_at"]) == (False, "2100-01-01T00:00:00.000000Z")
    assert "2100-01-01" in waits["reason"]
    assert staged.poll() == {}


@pytest.mark.parametrize(
    "moment",
    [
        "0001-01-01T00:00:00+00:01",
        "0001-01-01T12:00:00+23:59",
        "9999-12-31T23:59:59-00:01",
        "9999-12-31T12:00:00-23:59",
        "2100-01-01T00:00:00",
        "2100-02-30T00:00:00Z",
        "2100-01-01T00:00:00+24:00",
        "",
        4102444800,
    ],
)
def test_not_before_what_is_no_time(staged: Staged, admin: FlaskClient, moment: object) -> None:
    """422, and the roll-out is as it was: what is no time in UTC could be stored and never be read again."""
    rollout = begun(staged)
    refused = admin.post(f"/api/v1/rollouts/{rollout}/pause", json={"not_before": moment})
    assert (refused.status_code, staged.last()["state"]) == (422, "running")


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2100-01-01T00:00:00+23:59"])
def test_not_before_any_time(staged: Staged, moment: str) -> None:
    """The first and the last one in UTC are taken, and the roll-out is looked after, read and polled as before."""
    begun(staged, approval=True)
    staged.act("approve", not_before=moment)
    staged.look(2)
    assert staged.last()["state"] == "running"
    assert len(staged.poll()) == (1 if moment.startswith("0001") else 0)


def test_a_window_that_is_closed(staged: Staged) -> None:
    """Agents are chosen, and not let go."""
    day = staged.parts.database.rows("SELECT lower(to_char(now() + interval '3 days', 'dy')) AS day", {})[0].day
    begun(staged, windows=[{"days": [day], "from": "10:00", "to": "11:00"}])
    assert staged.poll() == {}
    assert (staged.last()["moves"], staged.last()["moves_at"] is None) == (False, False)


def test_nobody_looks_any_more(staged: Staged) -> None:
    """After twelve intervals without a look no agent is let go, which the reason says; a look gives another lease."""
    staged.begin(**AT_ONCE)
    staged.fleet(2)
    staged.publish("1.1.0")
    staged.look()
    with staged.parts.database.writing() as connection:
        connection.exec_driver_sql("UPDATE rollouts SET moves_until = now() - interval '1 s'")
    assert staged.poll() == {}
    assert staged.last()["reason"].startswith("Waits for an instance to look after it: the last one did at 20")
    staged.look()
    assert (len(staged.poll()), staged.last()["reason"]) == (2, None)


def test_filters(staged: Staged, publisher: FlaskClient) -> None:
    """By channel and state; agents by state and stage; pages by `Link`."""
    rollout = begun(staged)
    staged.act("rollback")
    publisher.post("/api/v1/channels/stable/rollouts")
    staged.look()
    listed = {
        query: [found["id"] for found in publisher.get(f"/api/v1/rollouts?{query}").get_json()]
        for query in ("channel=stable", "channel=other", "state=rolled_back", "limit=1")
    }
    assert listed == {"channel=stable": [2, 1], "channel=other": [], "state=rolled_back": [rollout], "limit=1": [2]}
    following = publisher.get("/api/v1/rollouts?limit=1").headers["Link"].split(";")[0].strip("<>")
    assert publisher.get(following).get_json()[0]["id"] == 1
    agents = "/api/v1/rollouts/2/agents"
    found = [len(publisher.get(f"{agents}?{query}").get_json()) for query in ("state=waiting", "state=good", "stage=1")]
    assert found == [1, 0, 1]


@pytest.mark.parametrize("path", ["/api/v1/rollouts/7", "/api/v1/rollouts/7/agents"])
def test_none_of_that_id(publisher: FlaskClient, path: str) -> None:
    """404."""
    assert publisher.get(path).status_code == 404


def test_starting_where_there_is_nothing_to_start(staged: Staged, publisher: FlaskClient) -> None:
    """409 without a policy, where nothing differs, or where one is not over; 404 without a channel."""
    path = "/api/v1/channels/stable/rollouts"
    assert publisher.post(path).status_code == 404
    staged.begin(**HELD)
    assert publisher.post(path).status_code == 409
    staged.publish("1.1.0")
    assert [publisher.post(path).status_code for _ in range(2)] == [201, 409]


def test_agents_may_not_look(agent: FlaskClient) -> None:
    """Roll-outs are for publishers."""
    assert agent.get("/api/v1/rollouts").status_code == 403


def test_an_agent_that_leaves_the_channel(staged: Staged, publisher: FlaskClient, admin: FlaskClient) -> None:
    """It leaves the counts and keeps its place: nobody else gets it."""
    begun(staged)
    (chosen,) = staged.poll()
    admin.delete(f"/api/v1/agents/{chosen.uid}")
    staged.look(2)
    assert staged.last()["counts"]["busy"] == 0
    assert staged.poll(*[agent for agent in staged.agents if agent is not chosen]) == {}
    assert offered(TalkingAgent(staged.client).introduce()) is not None


def test_old_places(staged: Staged) -> None:
    """Their rows go long after the roll-out was over; the counts stay."""
    begun(staged)
    staged.install(*staged.poll())
    staged.act("rollback")
    counts = staged.last()["counts"]
    with staged.parts.database.writing() as connection:
        connection.exec_driver_sql("UPDATE rollouts SET ended_at = now() - interval '31 days'")
    assert staged.parts.rollouts.old_places.remove() == 1
    assert staged.last()["counts"] == counts
