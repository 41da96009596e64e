"""Agents found by the beginning of a name, by the state of their packages, by an error; and how many there are."""

import uuid
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.agents import counting
from app.agents.counting import AgentCounts, Count
from app.agents.listing import AgentFilters
from app.wiring import Services
from tests.api.agents.talking import FAILED, TalkingAgent
from tests.api.conftest import problem_of


def found(client: FlaskClient, query: str) -> list[str]:
    """The uids on the list."""
    response = client.get(f"/api/v1/agents?{query}")
    assert response.status_code == 200, response.text
    return [row["instance_uid"] for row in response.get_json()]


def named(client: FlaskClient, **attributes: str) -> TalkingAgent:
    """An agent that has introduced itself; underscores in names stand for dots."""
    talking = TalkingAgent(client, **{name.replace("_", "."): value for name, value in attributes.items()})
    talking.introduce()
    return talking


def failing(client: FlaskClient, error: str) -> TalkingAgent:
    """An agent that has failed to install what it was offered."""
    talking = TalkingAgent(client)
    offer = talking.introduce().packages_available
    talking.note(offer, "opamp-agent", FAILED, error)
    talking.report()
    return talking


@pytest.mark.parametrize(("q", "fits"), [("Edge-b", True), ("EDGE", True), ("ber", False), ("%", False), ("_", False)])
def test_how_a_host_begins(agent: FlaskClient, publisher: FlaskClient, q: str, fits: bool) -> None:
    """The beginning of host.name in any case; percent and underscore are themselves."""
    uid = str(named(agent, host_name="edge-ber-017").uid)
    named(agent, host_name="other")
    assert found(publisher, f"q={q.replace('%', '%25')}") == ([uid] if fits else [])


def test_how_an_instance_id_begins(agent: FlaskClient, publisher: FlaskClient) -> None:
    """The beginning of service.instance.id."""
    uid = str(named(agent, service_instance_id="pod-7f").uid)
    assert found(publisher, "q=pod-7") == [uid]


@pytest.mark.parametrize("cut", [1, 8, 9, 13, 36])
def test_how_a_uid_begins(agent: FlaskClient, publisher: FlaskClient, cut: int) -> None:
    """The beginning of the uid, with its dashes or without, in any case."""
    uid = str(named(agent).uid)
    named(agent)
    for prefix in (uid[:cut], uid[:cut].upper(), uid.replace("-", "")[:cut]):
        assert uid in found(publisher, f"q={prefix}")
    if cut > 8:
        assert found(publisher, f"q={uid[:cut]}") == [uid]
        assert found(publisher, f"q={uid[0]}-{uid[1:cut]}") == []


def test_hosts_of_any_length(agent: FlaskClient, publisher: FlaskClient) -> None:
    """A name that no index could hold is taken, and found by its beginning."""
    uid = str(named(agent, host_name="ä" * 20_000).uid)
    assert found(publisher, f"q={'ä' * 100}") == [uid]


def test_state_and_error(stable: dict[str, Any], agent: FlaskClient, publisher: FlaskClient) -> None:
    """The state of a package, and a part of what it failed with, of one and the same package."""
    offered = str(named(agent).uid)
    failed = str(failing(agent, "fork/exec: exec format error").uid)
    assert found(publisher, "package_status=pending") == [offered]
    assert found(publisher, "package_status=failed") == [failed]
    assert found(publisher, "error=Format%20Error") == [failed]
    assert found(publisher, "error=exec%25error") == []
    assert found(publisher, "package_status=failed&package=opamp-agent&error=exec") == [failed]
    assert found(publisher, "package_status=pending&error=exec") == []
    assert found(publisher, "package_status=failed&package=other") == []


@pytest.mark.parametrize("query", ["package_status=broken", "package_status=", "q=", f"q={'x' * 201}", "error="])
def test_bad_filters(publisher: FlaskClient, query: str) -> None:
    """422 that names the filter."""
    problem = problem_of(publisher.get(f"/api/v1/agents?{query}"))
    assert problem["status"] == 422
    assert list(problem["errors"]) == [query.partition("=")[0]]


def test_counts(agent: FlaskClient, parts: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """All are counted; a filtered list up to a limit; and who asks again soon gets the same."""
    monkeypatch.setattr(counting, "MOST", 2)
    counts = AgentCounts(parts.agents.listing)
    for host in ("a", "a", "a", "b"):
        named(agent, host_name=host)
    assert str(counts.count(AgentFilters())) == "4"
    assert str(counts.count(AgentFilters(q="a"))) == "2+"
    assert counts.count(AgentFilters(status="offline")) == Count(0, is_more=False)
    named(agent, host_name="b")
    assert counts.count(AgentFilters()).number == 4


def test_an_unknown_uid_is_no_error(publisher: FlaskClient) -> None:
    """What no agent begins with is an empty list."""
    assert found(publisher, f"q={uuid.uuid4()}") == []
