"""The plan of a channel against what a fleet of any kind of agents then gets; OPAMP_TEST_FLEET says of how many."""

import os
import random
from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app.wiring import Services
from tests.api.agents.talking import USUAL, TalkingAgent, offered
from tests.api.channels.setting import channel
from tests.api.channels.test_plan import expected, plan, settled
from tests.api.packages.publishing import published

AGENTS = int(os.environ.get("OPAMP_TEST_FLEET", "170"))
CHANNELS = ("beta", "stable", "west")
ENVIRONMENTS = ("prod", "beta", "edge")
SYSTEMS = ("linux", "linux", "windows", "plan9")
VERSIONS = ("1.0.0", "1.1.0", "2.0.0-rc.1", "latest")
PACKAGES = ("otelcol", "plugin", "certificates")
HAS = text("SELECT instance_uid, name, version FROM agent_packages WHERE version <> ''")


@pytest.fixture
def releases(publisher: FlaskClient) -> None:
    """Every version of every package for Linux, and some of them for Windows."""
    for name in PACKAGES:
        for version in VERSIONS[:-1]:
            published(publisher, f"{name} {version}".encode(), name=name, version=version, platform="linux")
    for name, version in (("otelcol", "1.0.0"), ("plugin", "1.1.0")):
        published(publisher, f"{name} {version} for windows".encode(), name=name, version=version, platform="windows")


def thrown(dice: random.Random) -> dict[str, Any]:
    """Some match, and some packages."""
    attributes = {"env": dice.choice(ENVIRONMENTS), "os.type": dice.choice(SYSTEMS)}
    match = dict(dice.sample(list(attributes.items()), dice.randint(0, 2)))
    chosen = dice.sample(PACKAGES, dice.randint(0, len(PACKAGES)))
    return {"match": match, "packages": {name: dice.choice(VERSIONS) for name in chosen}}


def some(dice: random.Random, client: FlaskClient) -> TalkingAgent:
    """An agent of any kind, which has what it was offered."""
    capabilities = USUAL if dice.random() < 0.9 else USUAL & ~8
    attributes = {"env": dice.choice(ENVIRONMENTS), "os.type": dice.choice(SYSTEMS)}
    return settled(client, capabilities=capabilities, **attributes)


@pytest.mark.usefixtures("releases")
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_it_is_what_agents_then_get(agent: FlaskClient, publisher: FlaskClient, parts: Services, seed: int) -> None:
    """Channels and agents by chance, half of which are a change behind: each then gets what the plan has said."""
    dice = random.Random(seed)
    for name in CHANNELS:
        channel(publisher, name, **thrown(dice))
    agents = [some(dice, agent) for _ in range(AGENTS)]
    channel(publisher, "stable", **thrown(dice))
    for each in dice.sample(agents, AGENTS // 2):
        if (answer := each.poll()).HasField("packages_available"):
            each.install(answer.packages_available)

    with parts.database.reading() as connection:
        before = {(row.instance_uid, row.name): row.version for row in connection.execute(HAS)}
    fields = thrown(dice)
    foreseen = plan(publisher, "stable", **fields)
    assert foreseen["complete"] is True
    channel(publisher, "stable", **fields)
    outcomes = []
    for talking in agents:
        news = offered(talking.poll())
        had = {name: version for (uid, name), version in before.items() if uid == talking.uid}
        if publisher.get(f"/api/v1/agents/{talking.uid}").get_json()["channel"] == "stable":
            then = had if news is None else news
            outcomes.append((talking.attributes["os.type"], ordered(had.items()), ordered(then.items())))
    told = [(platform, ordered(had), ordered(then)) for platform, had, then in expected(foreseen)]
    assert Counter(outcomes) == Counter(told)


def ordered(versions: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Names and versions, by name."""
    return tuple(sorted(versions))
