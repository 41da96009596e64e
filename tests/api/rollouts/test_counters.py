"""Counters of roll-outs: one sample for each way in which an agent fares, or in which a roll-out ends."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.api.channels.setting import channel
from tests.api.rollouts.staged import AT_ONCE, NAME, Staged


def counted(client: FlaskClient, family: str, label: str) -> dict[str, float]:
    """The samples of the channel `stable`, by one label's value."""
    text = client.get("/metrics").text
    found = re.findall(rf"^opamp_packages_rollout_{family}_total{{(.*)}} (.*)$", text, re.MULTILINE)
    samples = [(dict(re.findall(r'(\w+)="([^"]*)"', labels)), float(value)) for labels, value in found]
    return {labels[label]: value for labels, value in samples if labels["channel"] == "stable"}


def rise(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """What has been added."""
    return {name: value - before.get(name, 0) for name, value in after.items() if value != before.get(name, 0)}


def begun(staged: Staged) -> None:
    """Two healthy agents that are offered 1.1.0, of which the first has installed it."""
    staged.begin(**{**AT_ONCE, "soak": "1h", "deadline": "30s"})
    for agent in staged.fleet(2):
        staged.health(agent, healthy=True)
    staged.publish("1.1.0")
    staged.look()
    staged.poll()
    staged.install(staged.agents[0])


def fail(staged: Staged) -> None:
    """The second can't install it."""
    staged.fail(staged.agents[1])


def be_late(staged: Staged) -> None:
    """The second has not answered by the deadline."""
    staged.age(31)
    staged.look()


def fall_silent(staged: Staged) -> None:
    """The first says nothing more; the second has answered."""
    staged.install(staged.agents[1])
    staged.age(100)
    staged.poll(staged.agents[1])
    staged.look()


def fall_ill(staged: Staged) -> None:
    """The first is unhealthy for long; the second has answered."""
    staged.install(staged.agents[1])
    staged.health(staged.agents[0], healthy=False)
    staged.age(100)
    staged.poll()
    staged.look()


@pytest.mark.parametrize(
    ("what", "counts"),
    [
        (fail, {"good": 1, "failed": 1}),
        (be_late, {"good": 1, "late": 1}),
        (fall_silent, {"good": 2, "silent": 1}),
        (fall_ill, {"good": 2, "unhealthy": 1}),
    ],
)
def test_outcomes(
    staged: Staged, client: FlaskClient, what: Callable[[Staged], None], counts: dict[str, float]
) -> None:
    """Each agent once, by how it fares, and as offered."""
    before = counted(client, "outcomes", "outcome")
    begun(staged)
    what(staged)
    assert rise(before, counted(client, "outcomes", "outcome")) == {"offered": 2, **counts}


def complete(staged: Staged) -> None:
    """All are good for long enough."""
    staged.install(staged.agents[1])
    staged.look()
    staged.age(3600)
    staged.poll()
    staged.look()


def replace(staged: Staged) -> None:
    """The list comes to something else."""
    staged.publish("1.2.0")
    staged.look()


def cancel(staged: Staged) -> None:
    """The channel has no policy any more."""
    channel(staged.publisher, packages={NAME: "latest"}, rollout=None)


@pytest.mark.parametrize(
    ("what", "counts"),
    [
        (complete, {"started": 1, "stage": 1, "complete": 1}),
        (replace, {"started": 2, "stage": 2, "replaced": 1}),
        (cancel, {"started": 1, "stage": 1, "cancelled": 1}),
    ],
)
def test_ends(staged: Staged, client: FlaskClient, what: Callable[[Staged], None], counts: dict[str, float]) -> None:
    """Each event once."""
    before = counted(client, "events", "action")
    begun(staged)
    what(staged)
    assert rise(before, counted(client, "events", "action")) == counts
