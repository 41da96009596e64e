"""How far agents are with a package, and what they have of it."""

from typing import Any

from flask.testing import FlaskClient

from tests.api.agents.conftest import See
from tests.api.agents.talking import DOWNLOADING, FAILED, INSTALLING, TalkingAgent
from tests.api.conftest import problem_of
from tests.api.packages.publishing import published


def test_installations(stable: dict[str, Any], publisher: FlaskClient, agent: FlaskClient) -> None:
    """Each agent counts by its present state for that file, and for the version it still has."""
    url = f"/api/v1/packages/{stable['id']}/installations"
    assert publisher.get(url).get_json() == {"installed": 0, "installing": 0, "failed": 0, "offered": 0}
    fleet = [TalkingAgent(agent) for _ in range(6)]
    offers = [one.introduce().packages_available for one in fleet]
    for one, offer in zip(fleet[:2], offers, strict=False):
        one.install(offer)
    for one, offer, status in zip(fleet[2:5], offers[2:], (INSTALLING, DOWNLOADING, FAILED), strict=False):
        one.note(offer, "opamp-agent", status)
        one.report()
    assert publisher.get(url).get_json() == {"installed": 2, "installing": 2, "failed": 1, "offered": 1}
    newer = published(publisher, b"newer", version="1.1.0")
    fleet[0].poll()
    assert publisher.get(url).get_json()["installed"] == 2
    assert publisher.get(f"/api/v1/packages/{newer['id']}/installations").get_json()["offered"] == 1


def test_a_package_that_is_missing_is_gone(stable: dict[str, Any], talking: TalkingAgent, see: See) -> None:
    """Statuses are complete: what they leave out has been deleted at the agent."""
    for name in ("a", "b"):
        talking.statuses.packages[name].agent_has_version = "1"
    talking.introduce()
    del talking.statuses.packages["a"]
    talking.report()
    states = {package["name"]: package["status"] for package in see(talking)["packages"]}
    assert states == {"b": "installed", "opamp-agent": "pending"}


def test_no_installations_of_nothing(publisher: FlaskClient) -> None:
    """404 for a package that is not there."""
    assert problem_of(publisher.get("/api/v1/packages/7/installations"))["status"] == 404
