"""Whose agent it is: nobody speaks for another's agent while that one is there."""

import logging
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app.accounts.roles import Role
from app.wiring import Services
from tests.api.agents.conftest import See
from tests.api.agents.talking import TalkingAgent, asks_full_state, offered
from tests.api.channels.setting import channel
from tests.api.conftest import problem_of


def client_named(parts: Services, talking: TalkingAgent, name: str) -> FlaskClient:
    """A client with a new machine token of this name."""
    client = talking.client.application.test_client()
    with talking.client.application.app_context():
        token = parts.accounts.create_token(name, Role.AGENT, created_by="tests").token
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


def silence(parts: Services, seconds: int) -> None:
    """Let all agents have been silent for so long."""
    with parts.database.writing() as connection:
        connection.execute(text("UPDATE agent_polls SET last_seen = now() - make_interval(secs => :s)"), {"s": seconds})


@pytest.fixture
def installed(stable: dict[str, Any], talking: TalkingAgent) -> TalkingAgent:
    """An agent that has what its channel offers."""
    offer = talking.introduce().packages_available
    talking.install(offer)
    talking.poll()
    return talking


def test_another_name_is_refused(installed: TalkingAgent, parts: Services, see: See) -> None:
    """403 that says whose it is and what to do, and nothing has changed."""
    before, first = see(installed), installed.client
    installed.client = client_named(parts, installed, "intruder")
    installed.attributes["os.type"] = "windows"
    response = installed.post(installed.message(full=True).SerializeToString())
    assert response.status_code == 403
    detail = problem_of(response)["detail"]
    assert "token 'agent of the tests'" in detail
    assert f"DELETE /api/v1/agents/{installed.uid}" in detail
    poll = installed.message()
    assert installed.post(poll.SerializeToString()).status_code == 403
    after = see(installed)
    assert {**after, "last_seen": None} == {**before, "last_seen": None}
    installed.client = first
    installed.sequence_num -= 2
    assert offered(installed.poll()) is None


def test_a_refusal_is_logged_once(installed: TalkingAgent, parts: Services, caplog: pytest.LogCaptureFixture) -> None:
    """Both names, once an hour."""
    installed.client = client_named(parts, installed, "intruder")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            installed.post(installed.message(full=True).SerializeToString())
    (line,) = [record.getMessage() for record in caplog.records if "intruder" in record.getMessage()]
    assert "agent of the tests" in line


def test_rotation(installed: TalkingAgent, parts: Services) -> None:
    """A new token of the same name goes on at once."""
    installed.client = client_named(parts, installed, "agent of the tests")
    assert not asks_full_state(installed.poll())


def test_another_name_takes_a_silent_agent_over(installed: TalkingAgent, parts: Services, see: See) -> None:
    """What was known is forgotten, the full state asked for, and nothing offered before it has come."""
    silence(parts, 3 * 30 + 1)
    installed.client = client_named(parts, installed, "another")
    answer = installed.poll()
    assert asks_full_state(answer)
    assert offered(answer) is None
    answer = installed.introduce()
    assert not asks_full_state(answer)
    assert see(installed)["owner"] == {"name": "another", "kind": "token"}


def test_a_full_state_takes_over_at_once(installed: TalkingAgent, parts: Services, see: See) -> None:
    """Nothing more is asked for."""
    silence(parts, 3 * 30 + 1)
    installed.client = client_named(parts, installed, "another")
    assert not asks_full_state(installed.introduce())
    assert see(installed)["owner"]["name"] == "another"


def test_agents_of_before_belong_to_the_first_that_speaks(installed: TalkingAgent, parts: Services, see: See) -> None:
    """An agent without an owner keeps all that is known of it."""
    with parts.database.writing() as connection:
        connection.execute(text("UPDATE agent_polls SET owner_name = NULL, owner_kind = NULL"))
    assert see(installed)["owner"] is None
    installed.client = client_named(parts, installed, "another")
    assert not asks_full_state(installed.poll())
    seen = see(installed)
    assert seen["owner"] == {"name": "another", "kind": "token"}
    assert [package["status"] for package in seen["packages"]] == ["installed"]


def test_free_it(installed: TalkingAgent, parts: Services, admin: FlaskClient, publisher: FlaskClient) -> None:
    """DELETE by an admin, and by nobody else: the next that speaks owns it."""
    path = f"/api/v1/agents/{installed.uid}"
    assert publisher.delete(path).status_code == 403
    assert admin.delete(path).status_code == 204
    assert admin.delete(path).status_code == 404
    installed.client = client_named(parts, installed, "another")
    assert asks_full_state(installed.poll())
    installed.introduce()


def test_offers_are_free_of_this(installed: TalkingAgent, parts: Services, publisher: FlaskClient) -> None:
    """POST /offers changes nothing, so anyone may ask for any attributes."""
    channel(publisher, packages={"opamp-agent": "latest"})
    other = client_named(parts, installed, "another")
    response = other.post("/api/v1/offers", json={"attributes": installed.attributes})
    assert response.status_code == 200


def test_a_poll_is_still_one_statement(installed: TalkingAgent, statements: list[str]) -> None:
    """Whose it is, is told by the statement that notes the poll."""
    statements.clear()
    installed.poll()
    assert sum("agent_polls" in statement for statement in statements) == 1
