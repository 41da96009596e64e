"""Blocked packages: not latest, not offered, no bytes for agents."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.wiring import EXTENSION
from tests.api.channels.setting import channel
from tests.api.conftest import problem_of
from tests.api.offers.test_file_tokens import offered_headers
from tests.api.packages.publishing import CONTENT, published
from tests.api.signatures.signing import PATH, policy, put_policy, raw, sign

LATEST = "/api/v1/packages/latest?name=opamp-agent&platform=linux&arch=amd64"
AGENT = {"attributes": {"os.type": "linux", "host.arch": "amd64"}}


@pytest.fixture
def blocked(admin: FlaskClient) -> dict[str, Any]:
    """A package that a policy blocks."""
    package = published(admin)
    policy(admin)
    return package


def test_bytes(blocked: dict[str, Any], admin: FlaskClient, publisher: FlaskClient, agent: FlaskClient) -> None:
    """By id and by path: 403 for agents, as before for publishers."""
    for path in (PATH, f"/api/v1/packages/{blocked['id']}/download"):
        assert "blocked" in problem_of(agent.get(path))["detail"]
        assert agent.head(path).status_code == 403
        assert publisher.get(path).data == admin.get(path).data == CONTENT
    assert agent.get(f"/api/v1/packages/{blocked['id']}").get_json()["blocked"] is True


def test_latest_is_the_next_lower_one(admin: FlaskClient, agent: FlaskClient) -> None:
    """A blocked version is not the latest; where all are, there is none."""
    signed = published(admin)
    sign(admin, signed, raw())
    newer = published(admin, version="2.0.0")
    policy(admin)
    assert agent.get(LATEST).get_json()["version"] == "1.0.0"
    assert agent.get(LATEST.replace("latest?", "latest/download?")).data == CONTENT
    sign(admin, newer, raw())
    assert agent.get(LATEST).get_json()["version"] == "2.0.0"
    policy(admin, signers=[])
    assert agent.get(LATEST).status_code == 404


@pytest.mark.parametrize("version", ["latest", "2.0.0"])
def test_offers(admin: FlaskClient, agent: FlaskClient, version: str) -> None:
    """Neither the newest nor a pinned version is offered while it is blocked; at once when it is not."""
    signed, newer = published(admin), published(admin, version="2.0.0")
    sign(admin, signed, raw())
    channel(admin, packages={"opamp-agent": version})

    def offered() -> Any:
        packages = agent.post("/api/v1/offers", json=AGENT).get_json().get("packages", {})
        return packages.get("opamp-agent", {}).get("version")

    assert offered() == "2.0.0"
    policy(admin)
    assert offered() == ("1.0.0" if version == "latest" else None)
    sign(admin, newer, raw())
    assert offered() == "2.0.0"


def test_file_tokens_of_earlier_offers(admin: FlaskClient, agent: FlaskClient, client: FlaskClient) -> None:
    """The token of an offer that was made before opens nothing any more, a publisher's own offers included."""
    package = published(admin)
    channel(admin, packages={"opamp-agent": "latest"})
    tokens = [offered_headers(who) for who in (agent, admin)]
    assert [client.get(PATH, headers=headers).status_code for headers in tokens] == [200, 200]
    policy(admin)
    assert [client.get(PATH, headers=headers).status_code for headers in tokens] == [403, 403]
    sign(admin, package, raw())
    assert [client.get(PATH, headers=headers).status_code for headers in tokens] == [200, 200]


def test_another_replica(app: Flask, admin: FlaskClient) -> None:
    """What one replica has answered holds for the offers of another from then on."""
    published(admin)
    channel(admin, packages={"opamp-agent": "latest"})
    other_app = create_app(app.extensions[EXTENSION].config)
    other = other_app.test_client()
    other.environ_base.update(admin.environ_base)
    offers = lambda: other.post("/api/v1/offers", json=AGENT).get_json().get("packages", {})  # noqa: E731
    assert "opamp-agent" in offers()
    assert put_policy(admin).status_code == 201
    assert offers() == {}
    with other_app.app_context():
        other_app.extensions["migrate"].db.engine.dispose()
    other_app.extensions[EXTENSION].storage.close()


def test_no_query_more(admin: FlaskClient, agent: FlaskClient, statements: list[str]) -> None:
    """A detail and a download cost the one query that they cost without policies."""
    package = published(admin)
    sign(admin, package, raw())
    policy(admin)
    for path in (PATH, f"/api/v1/packages/{package['id']}"):
        statements.clear()
        assert agent.get(path).status_code == 200
        assert len(statements) == 1
