"""The plan of a channel: what agents would get, before it is put."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app.agents import planning
from app.wiring import Services
from tests.api.agents.talking import USUAL, TalkingAgent, offered
from tests.api.channels.setting import channel
from tests.api.conftest import ClientFor, problem_of
from tests.api.packages.publishing import published

Packages = dict[str, str]
Versions = list[tuple[str, str]]


def body(packages: Packages | None = None, **fields: Any) -> dict[str, Any]:
    """A channel's body; packages as name=version."""
    listed = [{"name": name, "version": version, "type": "top_level"} for name, version in (packages or {}).items()]
    return {"description": "", "match": {}, "packages": listed, **fields}


def plan(client: FlaskClient, name: str = "stable", packages: Packages | None = None, **fields: Any) -> dict[str, Any]:
    """The plan of a channel."""
    response = client.post(f"/api/v1/channels/{name}/plan", json=body(packages, **fields))
    assert response.status_code == 200, response.text
    content: dict[str, Any] = response.get_json()
    return content


def settled(client: FlaskClient, **options: Any) -> TalkingAgent:
    """An agent that has installed what it was offered, if anything."""
    talking = TalkingAgent(client, **options)
    answer = talking.introduce()
    if answer.HasField("packages_available"):
        talking.install(answer.packages_available)
    return talking


def changes(plan: dict[str, Any]) -> set[tuple[str, str | None, str | None, str]]:
    """All that a plan changes, whoever it is for."""
    return {
        (package["name"], package["from"], package["to"], package["change"])
        for group in plan["groups"]
        for package in group["packages"]
    }


@pytest.fixture
def releases(publisher: FlaskClient) -> None:
    """1.0.0 of two packages for two platforms; 1.1.0 of one of them for one."""
    for version, name, platform in (
        *(("1.0.0", "otelcol", "linux"), ("1.0.0", "otelcol", "windows"), ("1.0.0", "plugin", "linux")),
        ("1.1.0", "otelcol", "linux"),
    ):
        published(publisher, f"{name} {version}".encode(), name=name, version=version, platform=platform)


@pytest.mark.usefixtures("releases")
def test_every_change(agent: FlaskClient, publisher: FlaskClient) -> None:
    """Upgrade, downgrade, removal, installation and no change, each with its versions."""
    channel(publisher, packages={"otelcol": "1.0.0"})
    settled(agent)
    assert changes(plan(publisher, packages={"otelcol": "1.0.0"})) == {("otelcol", "1.0.0", "1.0.0", "none")}
    assert changes(plan(publisher, packages={"otelcol": "latest"})) == {("otelcol", "1.0.0", "1.1.0", "upgrade")}
    assert changes(plan(publisher, packages={"plugin": "latest"})) == {
        ("otelcol", "1.0.0", None, "remove"),
        ("plugin", None, "1.0.0", "install"),
    }
    channel(publisher, packages={"otelcol": "1.1.0"})
    settled(agent, **{"host.name": "second"})
    below = plan(publisher, packages={"otelcol": "1.0.0"})
    assert ("otelcol", "1.1.0", "1.0.0", "downgrade") in changes(below)
    assert (below["agents"], len(below["groups"])) == (2, 2)


@pytest.mark.usefixtures("releases")
def test_no_file_for_a_platform(agent: FlaskClient, publisher: FlaskClient) -> None:
    """Who has a package without a file keeps all that it has; who hasn't gets the others."""
    channel(publisher, packages={"otelcol": "latest"})
    settled(agent, **{"os.type": "windows"})
    assert changes(plan(publisher, packages={"otelcol": "1.1.0"})) == {("otelcol", "1.0.0", "1.0.0", "unresolved")}
    assert changes(plan(publisher, packages={"otelcol": "latest", "plugin": "latest"})) == {
        ("otelcol", "1.0.0", "1.0.0", "none"),
        ("plugin", None, None, "unresolved"),
    }


@pytest.mark.usefixtures("releases")
def test_who_joins_and_who_leaves(agent: FlaskClient, publisher: FlaskClient) -> None:
    """Agents go to the channel that asks for most, then to the smaller name, as offers have it."""
    channel(publisher, "stable", match={"os.type": "linux"}, packages={"otelcol": "latest"})
    channel(publisher, "beta", match={"env": "beta"}, packages={})
    for env in ("prod", "prod", "beta", "edge"):
        settled(agent, env=env)
    settled(agent, env="prod", **{"os.type": "windows"})
    # beta has one key as stable has, and the smaller name.
    assert numbers(plan(publisher, "stable", match={"os.type": "linux"})) == (3, 0, 0)
    assert numbers(plan(publisher, "stable", match={"os.type": "linux", "env": "beta"})) == (1, 1, 3)
    assert numbers(plan(publisher, "stable", match={})) == (4, 1, 0)
    assert numbers(plan(publisher, "a", match={"env": "beta"})) == (1, 1, 0)
    assert numbers(plan(publisher, "beta", match={"env": "prod"})) == (3, 3, 1)
    assert numbers(plan(publisher, "beta", match={})) == (1, 1, 1)


def numbers(plan: dict[str, Any]) -> tuple[int, int, int]:
    """A plan's agents, and how many of them join or leave."""
    return plan["agents"], plan["joining"], plan["leaving"]


def fleet(client: FlaskClient) -> Iterator[TalkingAgent]:
    """Agents of different kinds, each with what their channel had."""
    for os_type in ("linux", "windows", "plan9"):
        for env in ("prod", "beta"):
            for capabilities in (USUAL, USUAL & ~8):
                yield settled(client, capabilities=capabilities, env=env, **{"os.type": os_type})


PLANNED: dict[str, dict[str, Any]] = {
    "another version": {"packages": {"otelcol": "1.1.0"}},
    "one more package": {"packages": {"otelcol": "latest", "plugin": "latest"}},
    "nothing": {"packages": {}},
    "other agents": {"packages": {"plugin": "latest"}, "match": {"env": "beta", "os.type": "linux"}},
    "all agents": {"packages": {"otelcol": "1.0.0"}, "match": {}},
}


@pytest.mark.usefixtures("releases")
@pytest.mark.parametrize("case", PLANNED)
def test_it_is_what_agents_then_get(agent: FlaskClient, publisher: FlaskClient, parts: Services, case: str) -> None:
    """After the PUT the agents' endpoint offers each agent what the plan has said, and nothing to whom it has not."""
    channel(publisher, "stable", match={"env": "prod"}, packages={"otelcol": "1.0.0"})
    channel(publisher, "beta", match={"env": "beta"}, packages={"otelcol": "latest"})
    agents = list(fleet(agent))
    with parts.database.reading() as connection:
        told = connection.execute(text("SELECT instance_uid, name, version FROM agent_packages WHERE version <> ''"))
        before = {(row.instance_uid, row.name): row.version for row in told}
    fields = {"match": {"env": "prod"}, **PLANNED[case]}
    foreseen = plan(publisher, "stable", **fields)
    channel(publisher, "stable", **fields)
    outcomes = []
    for talking in agents:
        answer = talking.poll()
        mine = {name: version for (uid, name), version in before.items() if uid == talking.uid}
        then = mine if (news := offered(answer)) is None else news
        if publisher.get(f"/api/v1/agents/{talking.uid}").get_json()["channel"] == "stable":
            outcomes.append((talking.attributes["os.type"], sorted(mine.items()), sorted(then.items())))
    assert sorted(outcomes) == sorted(expected(foreseen))


def expected(plan: dict[str, Any]) -> Iterator[tuple[str, Versions, Versions]]:
    """Each agent's platform, and its packages before and after, as a plan has them."""
    for group in plan["groups"]:
        before, after = (
            [(each["name"], each[end]) for each in group["packages"] if each[end] is not None] for end in ("from", "to")
        )
        for _ in range(group["agents"]):
            yield group["platform"], before, after


@pytest.mark.usefixtures("releases")
def test_nothing_is_stored(publisher: FlaskClient) -> None:
    """A plan makes no channel, and changes none."""
    before = channel(publisher, packages={"otelcol": "1.0.0"})
    plan(publisher, "stable", packages={})
    plan(publisher, "new", packages={"otelcol": "latest"})
    assert publisher.get("/api/v1/channels").get_json() == [before]


@pytest.mark.usefixtures("releases")
def test_a_sample(agent: FlaskClient, publisher: FlaskClient, parts: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """More agents than can be looked at in time: numbers from a sample, and `complete` is false."""
    for _ in range(3):
        settled(agent)
    with parts.database.reading() as connection:
        connection.execute(text("ANALYZE agents"))
    assert plan(publisher)["complete"] is True
    monkeypatch.setattr(planning, "MOST_AGENTS", 2)
    assert plan(publisher)["complete"] is False


def test_small_groups_are_left_out(agent: FlaskClient, publisher: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan has so many groups at most, the largest; then it is not complete."""
    for os_type in ("linux", "linux", "windows"):
        settled(agent, **{"os.type": os_type})
    monkeypatch.setattr(planning, "MOST_GROUPS", 1)
    told = plan(publisher)
    assert [(group["platform"], group["agents"]) for group in told["groups"]] == [("linux", 2)]
    assert (told["agents"], told["complete"]) == (3, False)


def test_roles(client_for: ClientFor) -> None:
    """Publishers may plan, agents may not."""
    assert client_for("agent").post("/api/v1/channels/x/plan", json=body()).status_code == 403
    assert client_for("publisher").post("/api/v1/channels/x/plan", json=body()).status_code == 200


REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "no name": ("-", {}),
    "no package": ("x", {"packages": [{"name": "nowhere", "version": "latest"}]}),
    "no version": ("x", {"packages": [{"name": "otelcol", "version": "9.9.9"}]}),
    "a list in match": ("x", {"match": {"a": []}}),
    "a huge number": ("x", {"match": {"a": 2**60}}),
    "NUL in a value": ("x", {"match": {"a": "\0"}}),
    "an unknown field": ("x", {"nonsense": 1}),
}


@pytest.mark.usefixtures("releases")
@pytest.mark.parametrize("case", REFUSED)
def test_what_put_refuses(publisher: FlaskClient, case: str) -> None:
    """422 for what a PUT would be 422 for, at the same fields."""
    name, fields = REFUSED[case]
    content = {**body(), **fields}
    planned, put = (
        problem_of(publisher.open(path, method=method, json=content))
        for path, method in ((f"/api/v1/channels/{name}/plan", "POST"), (f"/api/v1/channels/{name}", "PUT"))
    )
    assert planned["status"] == put["status"] == 422
    assert planned["errors"] == put["errors"]
