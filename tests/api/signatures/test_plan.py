"""Plans: what a policy would block, before it is put."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app.signatures import policy_manager
from app.signatures.settling import BATCH
from app.wiring import Services
from tests.api.agents.talking import TalkingAgent
from tests.api.channels.setting import channel
from tests.api.packages.publishing import published
from tests.api.signatures.signing import by_key, raw, sign

BODY = {"packages": ["opamp-*"], "mode": "enforce", "signers": [by_key()]}
PATH = "/api/v1/policies/release/plan"

FILL = f"""
INSERT INTO packages (name, version, version_key, is_prerelease, platform, arch, file_name, file_size, checksum,
                      content_type, object_key, fingerprint, created_by)
SELECT 'opamp-agent', '0.' || n || '.0', '111010~', false, 'linux', 'amd64', 'agent.bin', 1, repeat('0', 64),
       'application/octet-stream', 'key ' || n, 'etag', 'tests' FROM generate_series(1, {BATCH}) AS n
"""


def test_plan(admin: FlaskClient, publisher: FlaskClient) -> None:
    """What would be blocked, before it is; nothing is stored."""
    package, signed = published(publisher), published(publisher, version="2.0.0")
    sign(publisher, signed, raw())
    plan = admin.post(PATH, json=BODY).get_json()
    assert (plan["blocked"], plan["agents"], plan["complete"]) == (1, 0, True)
    assert [each["id"] for each in plan["packages"]] == [package["id"]]
    assert admin.post(PATH, json={**BODY, "mode": "warn"}).get_json()["blocked"] == 0
    assert admin.get("/api/v1/policies").get_json() == []
    assert publisher.post(PATH, json=BODY).status_code == 403


def test_agents_of_packages_far_apart(admin: FlaskClient, agent: FlaskClient, parts: Services) -> None:
    """An agent with two of the packages is one agent, also where more than a batch of packages lies between them."""
    published(admin)
    with parts.database.writing() as connection:
        connection.execute(text(FILL))
    published(admin, name="opamp-plugin")
    channel(admin, packages={"opamp-agent": "1.0.0", "opamp-plugin": "1.0.0"})
    for _ in range(2):
        talking = TalkingAgent(agent)
        talking.install(talking.introduce().packages_available)
    plan = admin.post(PATH, json=BODY).get_json()
    assert (plan["blocked"], plan["agents"], plan["complete"]) == (BATCH + 2, 2, True)


def test_a_plan_without_the_time(admin: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """When its seconds are over it ends at the next package, and says that it is not complete."""
    published(admin)
    monkeypatch.setattr(policy_manager, "AT_ONCE", 0)
    plan = admin.post(PATH, json=BODY).get_json()
    assert (plan["blocked"], plan["packages"], plan["complete"]) == (0, [], False)
