"""A channel with roll-outs."""

import pytest
from flask.testing import FlaskClient

from app.wiring import Services
from tests.api.rollouts.staged import Staged


@pytest.fixture
def staged(parts: Services, publisher: FlaskClient, admin: FlaskClient, agent: FlaskClient) -> Staged:
    """The channel, to begin with a policy of the test's."""
    return Staged(parts, publisher, admin, agent)
