"""Editions: what uploads, yanks, pins and changes of the channel make of them."""

from flask.testing import FlaskClient

from tests.api.agents.talking import TalkingAgent, offered
from tests.api.channels.setting import channel, put_channel
from tests.api.packages.publishing import published
from tests.api.rollouts.staged import NAME, Staged

CANARY = {"stages": [{"agents": 1, "hold": True}], "soak": 0, "quiet": 0}


def versions(client: FlaskClient, **question: object) -> dict[str, str]:
    """What POST /offers answers."""
    asked = {"attributes": {"os.type": "linux", "host.arch": "amd64"}, **question}
    packages = client.post("/api/v1/offers", json=asked).get_json().get("packages", {})
    return {name: package["version"] for name, package in packages.items()}


def test_no_upload_gets_in_from_above(staged: Staged) -> None:
    """New agents get the frozen version while a newer one waits for its roll-out."""
    staged.begin(**CANARY)
    staged.publish("1.1.0")
    staged.publish("1.0.1", platform="windows")
    assert offered(TalkingAgent(staged.client).introduce()) == {NAME: "1.0.0"}
    assert offered(TalkingAgent(staged.client, **{"os.type": "windows"}).introduce()) is None


def test_yanking_the_new_version_ends_it(staged: Staged) -> None:
    """At once for the agents; nothing differs any more. Activating it again is a roll-out, not a jump."""
    staged.begin(**CANARY)
    staged.fleet(2)
    newer = staged.publish("1.1.0")
    staged.look()
    staged.install(*staged.poll())
    staged.publisher.patch(f"/api/v1/packages/{newer['id']}", json={"is_active": False})
    back = staged.poll()
    assert set(back.values()) == {"1.0.0"}
    staged.install(*back)
    staged.look()
    assert staged.last()["state"] == "rolled_back"
    staged.publisher.patch(f"/api/v1/packages/{newer['id']}", json={"is_active": True})
    assert staged.poll() == {}
    staged.look()
    assert (staged.last()["id"], len(staged.poll())) == (2, 1)


def test_activating_the_stable_version_again(staged: Staged) -> None:
    """It was yanked, all fell to the one below: back up goes by a roll-out, also before anybody has looked."""
    published(staged.publisher, version="0.9.0")
    staged.begin(**CANARY)
    agents = staged.fleet(2)
    path = f"/api/v1/releases/{NAME}/1.0.0"
    staged.publisher.patch(path, json={"is_active": False})
    down = staged.poll()
    assert set(down.values()) == {"0.9.0"}
    staged.install(*agents)
    staged.publisher.patch(path, json={"is_active": True})
    assert staged.poll() == {}
    staged.look()
    assert staged.last()["changes"][0]["to"] == "1.0.0"
    assert len(staged.poll()) == 1


def test_a_newer_upload_replaces_it(staged: Staged) -> None:
    """Who has the replaced version holds it until chosen, and is chosen first; nobody goes back."""
    staged.begin(**CANARY)
    staged.fleet(3)
    staged.publish("1.1.0")
    staged.look()
    (first,) = staged.poll()
    staged.install(first)
    staged.publish("1.2.0")
    staged.look()
    assert staged.publisher.get("/api/v1/rollouts?state=replaced").get_json()[0]["id"] == 1
    assert staged.poll() == {first: "1.2.0"}


def test_a_held_version_is_not_sent_again(staged: Staged) -> None:
    """While the roll-out that replaced it waits: neither that version, nor the stable one, nor the new one."""
    staged.begin(**CANARY, approval=True)
    staged.fleet(2)
    staged.publish("1.1.0")
    staged.look()
    staged.act("approve")
    staged.look()
    (first,) = staged.poll()
    staged.fail(first)
    staged.publish("1.2.0")
    staged.look()
    assert staged.last()["state"] == "pending"
    assert offered(first.introduce()) is None
    staged.act("approve")
    staged.look()
    assert offered(first.poll()) == {NAME: "1.2.0"}


def test_uploads_for_another_platform_lose_no_progress(staged: Staged) -> None:
    """Agents for whom the newer edition is the same keep their places."""
    staged.publish("1.0.0", platform="windows")
    staged.begin(**CANARY)
    staged.fleet(1)
    staged.fleet(1, os__type="windows")
    staged.publish("1.1.0")
    staged.look()
    staged.install(*staged.poll())
    staged.publish("1.1.0", platform="windows")
    staged.look()
    assert staged.last()["id"] == 2
    assert staged.last()["counts"]["good"] == 1


def test_a_put_starts_one_at_once(staged: Staged, publisher: FlaskClient) -> None:
    """By whom; a PUT back to what was ends it."""
    published(publisher, version="1.1.0")
    published(publisher, version="1.0.0")
    channel(publisher, packages={NAME: "1.0.0"}, rollout={**CANARY, "quiet": "1h"})
    changed = channel(publisher, packages={NAME: "1.1.0"})
    assert changed["rollout_id"] == 1
    assert staged.last()["created_by"] == "publisher of the tests"
    assert channel(publisher, packages={NAME: "1.0.0"})["rollout_id"] is None
    assert staged.last()["state"] == "rolled_back"
    assert [event["by"] for event in staged.last()["events"]] == ["publisher of the tests"] * 2


def test_a_put_keeps_the_policy_that_it_leaves_out(staged: Staged, publisher: FlaskClient) -> None:
    """`{}` is the policy in full; null takes it away: all get what the list comes to."""
    published(publisher)
    assert channel(publisher, packages={NAME: "latest"})["rollout"] is None
    policy = channel(publisher, packages={NAME: "latest"}, rollout={})["rollout"]
    assert policy["stages"] == [{"percent": 1}, {"percent": 10}, {"percent": 50}]
    assert channel(publisher, packages={NAME: "latest"})["rollout"] == policy
    published(publisher, version="1.1.0")
    assert versions(publisher) == {NAME: "1.0.0"}
    assert publisher.post("/api/v1/channels/stable/rollouts").status_code == 201
    assert channel(publisher, packages={NAME: "latest"}, rollout=None)["rollout"] is None
    assert versions(publisher) == {NAME: "1.1.0"}
    assert staged.last()["state"] == "cancelled"


def test_a_policy_that_is_none(publisher: FlaskClient) -> None:
    """422, by the name of what is wrong."""
    published(publisher)
    response = put_channel(publisher, packages={NAME: "latest"}, rollout={"stages": [{"percent": 0}], "speed": 1})
    assert response.status_code == 422
    assert set(response.get_json()["errors"]) == {"rollout.stages.0.percent", "rollout.speed"}


def test_pins_of_editions(staged: Staged, publisher: FlaskClient, admin: FlaskClient) -> None:
    """What an edition in use pins cannot be deleted, whatever the list says by now."""
    old = published(publisher, version="1.0.0")
    published(publisher, version="1.1.0")
    channel(publisher, packages={NAME: "1.0.0"}, rollout=CANARY)
    staged.fleet(1)
    channel(publisher, packages={NAME: "1.1.0"})
    assert admin.delete(f"/api/v1/packages/{old['id']}").status_code == 409
    staged.look()
    staged.install(*staged.poll())
    staged.act("finish")
    staged.look(3)
    assert staged.last()["state"] == "complete"
    assert admin.delete(f"/api/v1/packages/{old['id']}").status_code == 204


def test_deleting_the_new_version(staged: Staged, admin: FlaskClient) -> None:
    """The one below takes its place at once."""
    staged.begin(**CANARY)
    staged.fleet(1)
    newer = staged.publish("1.1.0")
    staged.look()
    staged.install(*staged.poll())
    assert admin.delete(f"/api/v1/packages/{newer['id']}").status_code == 204
    assert set(staged.poll().values()) == {"1.0.0"}


def test_deleting_the_channel(staged: Staged, admin: FlaskClient) -> None:
    """Its roll-out is cancelled, and still to be read."""
    staged.begin(**CANARY)
    staged.publish("1.1.0")
    staged.look()
    assert admin.delete("/api/v1/channels/stable").status_code == 204
    assert (staged.last()["state"], staged.last()["channel"]) == ("cancelled", "stable")


def test_offers_by_uid(staged: Staged, publisher: FlaskClient) -> None:
    """What a roll-out has given to that agent; else the stable edition, and asking gives nothing."""
    staged.begin(**CANARY)
    staged.fleet(2)
    staged.publish("1.1.0")
    staged.look()
    assert {str(versions(publisher, instance_uid=str(agent.uid))) for agent in staged.agents} == {
        f"{{'{NAME}': '1.0.0'}}"
    }
    (chosen,) = staged.poll()
    assert versions(publisher, instance_uid=str(chosen.uid)) == {NAME: "1.1.0"}
    assert versions(publisher) == {NAME: "1.0.0"}
    assert publisher.get(f"/api/v1/agents/{chosen.uid}").get_json()["rollout"] == {"id": 1, "state": "busy"}
