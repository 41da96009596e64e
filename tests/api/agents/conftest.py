"""Agents that talk to the service, and what operators see of them."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.api.agents.talking import TalkingAgent
from tests.api.channels.setting import channel
from tests.api.packages.publishing import published

See = Callable[[TalkingAgent], dict[str, Any]]


@pytest.fixture
def stable(publisher: FlaskClient) -> dict[str, Any]:
    """A package and a channel that follows its latest version."""
    package = published(publisher)
    channel(publisher, packages={"opamp-agent": "latest"})
    return package


@pytest.fixture
def talking(agent: FlaskClient) -> TalkingAgent:
    """An agent of the usual kind."""
    return TalkingAgent(agent)


@pytest.fixture
def see(publisher: FlaskClient) -> See:
    """Reads an agent as its operator does."""

    def read(talking: TalkingAgent) -> dict[str, Any]:
        response = publisher.get(f"/api/v1/agents/{talking.uid}")
        assert response.status_code == 200, response.text
        seen: dict[str, Any] = response.get_json()
        return seen

    return read
