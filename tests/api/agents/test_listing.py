"""Agents as their operators see them."""

import uuid
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app.agents.manager import RETENTION_LOCK
from app.operations.background import run_alone
from app.wiring import Services
from tests.api.agents.conftest import See
from tests.api.agents.talking import (
    USUAL,
    TalkingAgent,
)
from tests.api.channels.setting import channel
from tests.api.conftest import ClientFor, problem_of
from tests.api.packages.publishing import published


def listed(client: FlaskClient, query: str = "") -> set[str]:
    """The uids on the list."""
    response = client.get(f"/api/v1/agents{query}")
    assert response.status_code == 200, response.text
    return {row["instance_uid"] for row in response.get_json()}


def silent_for(parts: Services, seconds: int) -> None:
    """Let all agents have been silent for so long."""
    with parts.database.writing() as connection:
        connection.execute(text(f"UPDATE agent_polls SET last_seen = now() - interval '{seconds} seconds'"))


def test_all_that_is_kept(stable: dict[str, Any], talking: TalkingAgent, see: See) -> None:
    """Attributes, capabilities, health, status, channel, last seen, and the packages with their states."""
    talking.attributes["service.name"] = "collector"
    message = talking.message(full=True)
    message.health.healthy = True
    message.health.status = "StatusOK"
    message.health.start_time_unix_nano = 1_700_000_000_000_000_000
    offer = talking.say(message).packages_available
    talking.install(offer)
    seen = see(talking)
    times = seen.pop("last_seen"), seen["packages"][0].pop("updated_at")
    assert all(moment.endswith("Z") for moment in times)
    assert seen == {
        "instance_uid": str(talking.uid),
        "attributes": {"os.type": "linux", "host.arch": "amd64", "service.name": "collector"},
        "capabilities": ["ReportsStatus", "AcceptsPackages", "ReportsPackageStatuses"],
        "healthy": True,
        "health": {
            "healthy": True,
            "status": "StatusOK",
            "last_error": "",
            "start_time": "2023-11-14T22:13:20Z",
        },
        "status": "online",
        "channel": "stable",
        "owner": {"name": "agent of the tests", "kind": "token"},
        "packages": [
            {
                "name": "opamp-agent",
                "version": "1.0.0",
                "status": "installed",
                "error": None,
                "offered_version": "1.0.0",
            }
        ],
        "rollout": None,
    }


def test_health_unknown(talking: TalkingAgent, see: See) -> None:
    """Null until it is told, and kept until it is told anew."""
    talking.introduce()
    assert (see(talking)["healthy"], see(talking)["health"]) == (None, None)
    message = talking.message()
    message.health.last_error = "out of memory"
    talking.say(message)
    talking.poll()
    seen = see(talking)
    assert (seen["healthy"], seen["health"]["last_error"]) == (False, "out of memory")


def test_uids(talking: TalkingAgent, publisher: FlaskClient) -> None:
    """With dashes or without, in any case; anything else is not found."""
    talking.introduce()
    for uid in (str(talking.uid), talking.uid.hex, str(talking.uid).upper()):
        assert publisher.get(f"/api/v1/agents/{uid}").get_json()["instance_uid"] == str(talking.uid)
    for uid in (uuid.uuid4(), "x", "1", f"{{{talking.uid}}}", f"{talking.uid}0", f"{talking.uid}/"):
        assert problem_of(publisher.get(f"/api/v1/agents/{uid}"))["status"] == 404


def test_offline_by_silence(talking: TalkingAgent, see: See, parts: Services, publisher: FlaskClient) -> None:
    """After three polling intervals, and online again with the next message."""
    talking.introduce()
    silent_for(parts, 85)
    assert see(talking)["status"] == "online"
    silent_for(parts, 95)
    assert see(talking)["status"] == "offline"
    assert listed(publisher, "?status=offline") == {str(talking.uid)}
    assert listed(publisher, "?status=online") == set()
    talking.poll()
    assert see(talking)["status"] == "online"


def test_offline_by_word(stable: dict[str, Any], talking: TalkingAgent, see: See) -> None:
    """A disconnect marks it at once, and is offered nothing; the next message brings it back."""
    talking.introduce()
    message = talking.message()
    message.agent_disconnect.SetInParent()
    answer = talking.say(message)
    assert not answer.HasField("packages_available")
    assert not answer.flags
    assert see(talking)["status"] == "offline"
    talking.poll()
    assert see(talking)["status"] == "online"


def test_filters(stable: dict[str, Any], publisher: FlaskClient, agent: FlaskClient) -> None:
    """Channel, package, version, platform and arch, in any alias, alone and together."""
    published(publisher, platform="darwin", arch="arm64", version="1.0.1")
    channel(publisher, "mac", match={"os.type": "darwin"}, packages={"opamp-agent": "latest"})
    linux, mac = TalkingAgent(agent), TalkingAgent(agent, **{"os.type": "darwin", "host.arch": "aarch64"})
    odd = TalkingAgent(agent, USUAL, **{"os.type": "BeOS", "host.arch": "x" * 300})
    for one in (linux, mac):
        one.install(one.introduce().packages_available)
    odd.introduce()
    uids = {"linux": str(linux.uid), "mac": str(mac.uid), "odd": str(odd.uid)}
    expected = {
        "": {"linux", "mac", "odd"},
        "?channel=mac": {"mac"},
        "?channel=stable": {"linux", "odd"},
        "?channel=none": set(),
        "?package=opamp-agent": {"linux", "mac"},
        "?package=opamp-agent&version=1.0.1": {"mac"},
        "?version=1.0.0": {"linux"},
        "?package=other&version=1.0.0": set(),
        "?os.type=darwin": {"mac"},
        "?os.type=macos": {"mac"},
        "?os.type=BeOS": {"odd"},
        "?host.arch=arm64": {"mac"},
        "?host.arch=x86_64": {"linux"},
        "?status=online&os.type=LINUX&host.arch=amd64&channel=stable": {"linux"},
    }
    for query, names in expected.items():
        assert listed(publisher, query) == {uids[name] for name in names}, query


@pytest.mark.parametrize(
    "query", ["status=up", "os=linux", "channel=", "limit=0", "cursor=x", "package=a&package=b", "version=%00"]
)
def test_wrong_filters(publisher: FlaskClient, query: str) -> None:
    """422, as everywhere."""
    assert problem_of(publisher.get(f"/api/v1/agents?{query}"))["status"] == 422


def test_pages(agent: FlaskClient, publisher: FlaskClient) -> None:
    """Every agent once, by uid, whatever comes in between."""
    talking = [TalkingAgent(agent) for _ in range(7)]
    for one in talking:
        one.introduce()
    url: str | None = "/api/v1/agents?limit=3&os.type=linux"
    seen: list[str] = []
    while url:
        response = publisher.get(url)
        seen += [row["instance_uid"] for row in response.get_json()]
        link = response.headers.get("Link")
        url = link.split(">")[0].removeprefix("<http://127.0.0.1:8080") if link else None
    assert seen == sorted(str(one.uid) for one in talking)


HUGE = """
INSERT INTO agent_packages (instance_uid, name, status, error)
SELECT instance_uid, 'package-' || number, 'failed', repeat('e', 4096) FROM agents, generate_series(1, 300) AS number
"""


def test_pages_of_huge_agents(agent: FlaskClient, publisher: FlaskClient, parts: Services) -> None:
    """Each agent once, though three fill a page, and no page has 4 MiB."""
    talking = [TalkingAgent(agent) for _ in range(20)]
    for one in talking:
        one.introduce()
    with parts.database.writing() as connection:
        connection.execute(text(HUGE))
    url, seen, sizes = "/api/v1/agents?limit=500", [], []
    while url:
        response = publisher.get(url)
        seen += [row["instance_uid"] for row in response.get_json()]
        sizes.append(len(response.data))
        url = response.headers.get("Link", "")[1:].partition(">")[0].removeprefix("http://127.0.0.1:8080")
    assert seen == sorted(str(one.uid) for one in talking)
    assert (len(sizes), max(sizes) < 4 << 20) == (7, True)


def test_roles(client_for: ClientFor, stable: dict[str, Any]) -> None:
    """An agent may not look at the others."""
    for path in ("agents", f"agents/{uuid.uuid4()}", f"packages/{stable['id']}/installations"):
        assert problem_of(client_for("agent").get(f"/api/v1/{path}"))["status"] == 403


def test_retention(parts: Services, agent: FlaskClient, publisher: FlaskClient, stable: dict[str, Any]) -> None:
    """Agents that have been silent for 30 days are forgotten, with all that was known of them."""
    old, young = TalkingAgent(agent), TalkingAgent(agent)
    old.introduce()
    silent_for(parts, 30 * 86400 + 60)
    young.introduce()
    (job,) = (job for job in parts.jobs if job.lock == RETENTION_LOCK)
    assert run_alone(parts.database, job)
    assert listed(publisher) == {str(young.uid)}
    with parts.database.reading() as connection:
        for table in ("agent_polls", "agent_packages"):
            assert connection.scalar(text(f"SELECT count(*) FROM {table}")) == 1
