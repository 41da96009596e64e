"""When an agent is offered packages, and when it is not."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app.wiring import Services
from tests.api.agents.conftest import See
from tests.api.agents.talking import (
    ACCEPTS_PACKAGES,
    DOWNLOADING,
    FAILED,
    INSTALLING,
    REPORTS_STATUS,
    TalkingAgent,
    asks_full_state,
    offered,
)
from tests.api.channels.setting import channel
from tests.api.packages.publishing import published

ONE = {"opamp-agent": "1.0.0"}


def pass_time(parts: Services, minutes: int) -> None:
    """Let every backoff have begun so long ago."""
    with parts.database.writing() as connection:
        for table, column in (("agent_packages", "retry_at"), ("agent_polls", "wake_at")):
            connection.execute(text(f"UPDATE {table} SET {column} = {column} - interval '{minutes} minutes'"))


def test_first_install(stable: dict[str, Any], talking: TalkingAgent, client: FlaskClient, see: See) -> None:
    """Offered at once, with a file that can be fetched; once installed, nothing more."""
    answer = talking.introduce()
    assert offered(answer) == ONE
    assert not asks_full_state(answer)
    file = answer.packages_available.packages["opamp-agent"].file
    headers = {header.key: header.value for header in file.headers.headers}
    assert client.get(file.download_url.removeprefix("http://127.0.0.1:8080"), headers=headers).status_code == 200
    assert see(talking)["packages"][0]["status"] == "pending"
    assert offered(talking.install(answer.packages_available)) is None
    assert see(talking)["packages"][0]["status"] == "installed"
    for _ in range(5):
        answer = talking.poll()
        assert offered(answer) is None
        assert not asks_full_state(answer)


def test_upgrade_and_rollback(stable: dict[str, Any], publisher: FlaskClient, talking: TalkingAgent) -> None:
    """A new latest version is offered at the next poll, and the old one again when that is yanked."""
    talking.install(talking.introduce().packages_available)
    newer = published(publisher, version="1.1.0")
    answer = talking.poll()
    assert offered(answer) == {"opamp-agent": "1.1.0"}
    talking.install(answer.packages_available)
    publisher.patch(f"/api/v1/packages/{newer['id']}", json={"is_active": False})
    answer = talking.poll()
    assert offered(answer) == ONE
    talking.install(answer.packages_available)
    assert offered(talking.poll()) is None


def test_only_those_who_accept_packages(stable: dict[str, Any], agent: FlaskClient) -> None:
    """No offer without the capability; one as soon as it is there."""
    talking = TalkingAgent(agent, REPORTS_STATUS)
    assert offered(talking.introduce()) is None
    assert offered(talking.poll()) is None
    talking.capabilities |= ACCEPTS_PACKAGES
    assert offered(talking.poll()) == ONE
    assert offered(talking.poll()) is None


def test_no_channel_fits(
    stable: dict[str, Any], publisher: FlaskClient, admin: FlaskClient, agent: FlaskClient
) -> None:
    """Nothing at all is sent, so that nobody is emptied by accident."""
    channel(publisher, match={"service.name": "other"}, packages={"opamp-agent": "latest"})
    talking = TalkingAgent(agent)
    assert offered(talking.introduce()) is None
    fitting = TalkingAgent(agent, **{"service.name": "other"})
    fitting.install(fitting.introduce().packages_available)
    admin.delete("/api/v1/channels/stable")
    assert offered(fitting.poll()) is None
    assert offered(fitting.introduce()) is None


def test_an_empty_channel_empties_agents(stable: dict[str, Any], publisher: FlaskClient, talking: TalkingAgent) -> None:
    """The one way to remove everything."""
    talking.install(talking.introduce().packages_available)
    channel(publisher, packages=[])
    answer = talking.poll()
    assert offered(answer) == {}
    assert len(answer.packages_available.all_packages_hash) == 32
    assert offered(talking.install(answer.packages_available)) is None
    assert offered(talking.poll()) is None


def test_a_package_that_resolves_to_no_file(
    stable: dict[str, Any], publisher: FlaskClient, talking: TalkingAgent, agent: FlaskClient
) -> None:
    """Who has it is sent nothing until it resolves again; who hasn't gets the others."""
    plugin = published(publisher, name="plugin")
    channel(publisher, packages={"opamp-agent": "latest", "plugin": "latest"})
    talking.install(talking.introduce().packages_available)
    publisher.patch(f"/api/v1/packages/{plugin['id']}", json={"is_active": False})
    published(publisher, version="1.1.0")
    assert offered(talking.poll()) is None
    assert offered(talking.restart()) is None
    assert offered(TalkingAgent(agent).introduce()) == {"opamp-agent": "1.1.0"}
    publisher.patch(f"/api/v1/packages/{plugin['id']}", json={"is_active": True})
    assert offered(talking.poll()) == {"opamp-agent": "1.1.0", "plugin": "1.0.0"}


def test_nothing_resolves(stable: dict[str, Any], agent: FlaskClient) -> None:
    """A full list that comes to nothing on this platform is no empty list."""
    assert offered(TalkingAgent(agent, **{"os.type": "windows"}).introduce()) is None


def test_while_an_agent_is_at_it_the_same_is_never_offered_again(stable: dict[str, Any], talking: TalkingAgent) -> None:
    """Neither on polls nor on reports nor on a full state."""
    offer = talking.introduce().packages_available
    for status in (INSTALLING, DOWNLOADING):
        talking.note(offer, "opamp-agent", status)
        assert offered(talking.report()) is None
        for _ in range(5):
            answer = talking.poll()
            assert offered(answer) is None
            assert not asks_full_state(answer)
        assert offered(talking.introduce()) is None


def test_a_restart_in_the_middle(stable: dict[str, Any], talking: TalkingAgent) -> None:
    """An agent that begins to count again is not at it any more: it is offered the same at once."""
    offer = talking.introduce().packages_available
    talking.note(offer, "opamp-agent", DOWNLOADING)
    talking.report()
    assert offered(talking.restart()) == ONE


def test_a_new_version_while_an_agent_is_at_it(
    stable: dict[str, Any], publisher: FlaskClient, talking: TalkingAgent
) -> None:
    """Another offer is news."""
    offer = talking.introduce().packages_available
    talking.note(offer, "opamp-agent", DOWNLOADING)
    talking.report()
    published(publisher, version="1.1.0")
    assert offered(talking.poll()) == {"opamp-agent": "1.1.0"}


def test_backoff(stable: dict[str, Any], talking: TalkingAgent, parts: Services, see: See) -> None:
    """1, 2, 4 … 60 minutes after each failure, and never before."""
    offer = talking.introduce().packages_available
    for minutes in (1, 2, 4, 8, 16, 32, 60, 60):
        talking.note(offer, "opamp-agent", INSTALLING)
        talking.report()
        talking.note(offer, "opamp-agent", FAILED, "no room\0")
        assert offered(talking.report()) is None
        assert offered(talking.report()) is None
        assert offered(talking.introduce()) is None
        (package,) = see(talking)["packages"]
        assert (package["status"], package["error"]) == ("failed", "no room\ufffd")
        pass_time(parts, minutes - 1)
        assert offered(talking.poll()) is None
        pass_time(parts, 1)
        answer = talking.poll()
        assert offered(answer) == ONE
        assert offered(talking.poll()) is None
        offer = answer.packages_available
    talking.install(offer)
    pass_time(parts, 100)
    assert offered(talking.poll()) is None


def test_a_new_version_skips_the_backoff(
    stable: dict[str, Any], publisher: FlaskClient, talking: TalkingAgent, see: See
) -> None:
    """What failed is not what is offered now; and a yank ends the failure of what was installed before."""
    talking.install(talking.introduce().packages_available)
    broken = published(publisher, version="1.1.0")
    talking.note(talking.poll().packages_available, "opamp-agent", FAILED, "broken")
    assert offered(talking.report()) is None
    assert see(talking)["packages"][0]["version"] == "1.0.0"
    published(publisher, version="1.2.0")
    talking.note(talking.poll().packages_available, "opamp-agent", FAILED, "broken too")
    talking.report()
    for version in ("1.2.0", "1.1.0"):
        listed = publisher.get(f"/api/v1/packages?version={version}").get_json()
        publisher.patch(f"/api/v1/packages/{listed[0]['id']}", json={"is_active": False})
    answer = talking.poll()
    assert offered(answer) == ONE
    # The official client finds the hash unchanged, and leaves status and error as they were.
    told = talking.statuses.packages["opamp-agent"]
    told.server_offered_hash = answer.packages_available.packages["opamp-agent"].hash
    talking.statuses.server_provided_all_packages_hash = answer.packages_available.all_packages_hash
    assert offered(talking.report()) is None
    (package,) = see(talking)["packages"]
    assert (package["status"], package["error"]) == ("installed", None)
    assert offered(talking.poll()) is None
    assert broken["version"] == "1.1.0"


def test_another_channel_by_another_description(
    stable: dict[str, Any], publisher: FlaskClient, talking: TalkingAgent, see: See
) -> None:
    """An agent that describes itself anew is offered what its new channel has."""
    published(publisher, version="2.0.0-rc.1")
    channel(publisher, "canary", match={"ring": "canary"}, packages={"opamp-agent": "2.0.0-rc.1"})
    talking.install(talking.introduce().packages_available)
    talking.attributes["ring"] = "canary"
    assert offered(talking.introduce()) == {"opamp-agent": "2.0.0-rc.1"}
    assert see(talking)["channel"] == "canary"


@pytest.mark.parametrize("other", [{"os.type": "windows"}, {"host.arch": "arm64"}])
def test_another_platform(
    stable: dict[str, Any], publisher: FlaskClient, agent: FlaskClient, other: dict[str, str]
) -> None:
    """Each gets the file of its own platform and arch."""
    fields = {"platform": other.get("os.type", "linux"), "arch": other.get("host.arch", "amd64")}
    published(publisher, b"another file", version="0.9.0", **fields)
    assert offered(TalkingAgent(agent, **other).introduce()) == {"opamp-agent": "0.9.0"}
    assert offered(TalkingAgent(agent).introduce()) == ONE


def test_what_a_poll_costs(
    stable: dict[str, Any], publisher: FlaskClient, talking: TalkingAgent, statements: list[str]
) -> None:
    """A settled agent's poll is the token's query and one statement; after a change it is settled once again."""
    talking.install(talking.introduce().packages_available)
    statements.clear()
    talking.poll()
    assert len(statements) == 2
    published(publisher, name="of-no-concern")
    talking.poll()
    statements.clear()
    talking.poll()
    assert len(statements) == 2


def test_a_poll_touches_no_index(stable: dict[str, Any], talking: TalkingAgent, parts: Services) -> None:
    """Each is a HOT update: no index holds a column that a poll changes."""
    talking.introduce()
    statement = text("SELECT count(*) FROM pg_index WHERE indrelid = 'agent_polls'::regclass AND NOT indisprimary")
    with parts.database.reading() as connection:
        assert connection.scalar(statement) == 0
