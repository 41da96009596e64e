"""A channel with roll-outs, in the console's service."""

import pytest

from tests.api.rollouts.staged import Staged
from tests.console.catalogue import api
from tests.console.site import Console

CANARIES = {"stages": [{"agents": 4}, {"percent": 50}], "soak": "1h", "quiet": 0}


@pytest.fixture
def staged(empty_console: Console) -> Staged:
    """The channel's operator and agents, without a channel yet."""
    clients = (api(empty_console, role) for role in ("publisher", "admin", "agent"))
    return Staged(empty_console.parts, *clients)


@pytest.fixture
def running(staged: Staged) -> Staged:
    """A roll-out to 1.1.0 whose four canaries have been offered it, of six agents of linux/amd64."""
    staged.begin(**CANARIES)
    staged.fleet(6)
    staged.publish("1.1.0")
    staged.look()
    staged.poll()
    assert len(staged.offers) == 4
    return staged


@pytest.fixture
def stopped(running: Staged) -> Staged:
    """The same, after three canaries have failed."""
    canaries = [agent for agent in running.agents if agent.uid in running.offers]
    running.fail(*canaries[:2], error="exec format error")
    running.fail(canaries[2], error="no room")
    return running
