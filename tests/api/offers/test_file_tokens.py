"""The token in an offer: it opens one file, for as long as the one that asked for it counts."""

import time
from typing import Any

import jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts import tokens
from app.accounts.roles import Role
from app.wiring import Services
from tests.api.channels.setting import channel
from tests.api.conftest import PASSWORD, problem_of
from tests.api.packages.publishing import CONTENT, post, published
from tests.configuration import SECRET_KEY

PATH = "/api/v1/packages/opamp-agent/1.0.0/linux/amd64/agent.bin"


def offered_headers(client: FlaskClient) -> dict[str, str]:
    """The headers that an offer gives for the package's file."""
    body = {"attributes": {"os.type": "linux", "host.arch": "amd64"}}
    file = client.post("/api/v1/offers", json=body).get_json()["packages"]["opamp-agent"]["file"]
    return {header["key"]: header["value"] for header in file["headers"]["headers"]}


@pytest.fixture
def package(publisher: FlaskClient) -> dict[str, Any]:
    """A package that the channel offers."""
    package = published(publisher)
    channel(publisher, packages={"opamp-agent": "latest"})
    return package


def test_it_opens_its_file(package: dict[str, Any], agent: FlaskClient, client: FlaskClient) -> None:
    """GET and HEAD of the path in the offer, ranges and all."""
    headers = offered_headers(agent)
    assert client.get(PATH, headers=headers).data == CONTENT
    assert client.head(PATH, headers=headers).content_length == len(CONTENT)
    assert client.get(PATH, headers={**headers, "Range": "bytes=0-3"}).data == CONTENT[:4]


def test_it_opens_nothing_else(
    package: dict[str, Any], publisher: FlaskClient, agent: FlaskClient, client: FlaskClient
) -> None:
    """403 on every other path and method, whether there is something or not."""
    published(publisher, version="2.0.0")
    channel(publisher, packages={"opamp-agent": "1.0.0"})
    headers = offered_headers(agent)
    refused = [
        ("GET", PATH.replace("1.0.0", "2.0.0")),
        ("GET", PATH.replace("amd64", "x86_64")),
        ("GET", PATH.replace("agent.bin", "other.bin")),
        ("GET", "/api/v1/packages/other/1.0.0/linux/amd64/agent.bin"),
        ("PUT", PATH),
        ("GET", f"/api/v1/packages/{package['id']}/download"),
        ("GET", f"/api/v1/packages/{package['id']}"),
        ("GET", "/api/v1/packages"),
        ("GET", "/api/v1/me"),
        ("POST", "/api/v1/offers"),
        ("GET", "/api/v1/channels"),
        ("DELETE", f"/api/v1/packages/{package['id']}"),
    ]
    for method, path in refused:
        assert problem_of(client.open(path, method=method, headers=headers))["status"] == 403, (method, path)


def test_a_deleted_package(
    package: dict[str, Any], admin: FlaskClient, agent: FlaskClient, client: FlaskClient
) -> None:
    """404 at the file's own path; and other bytes that come to be there are not what the token is for."""
    headers = offered_headers(agent)
    admin.delete(f"/api/v1/packages/{package['id']}")
    assert problem_of(client.get(PATH, headers=headers))["status"] == 404
    assert post(admin, b"other bytes").status_code == 201
    assert problem_of(client.get(PATH, headers=headers))["status"] == 403


def test_a_revoked_machine_token_ends_it(
    package: dict[str, Any], app: Flask, parts: Services, client: FlaskClient
) -> None:
    """401 at once."""
    with app.app_context():
        issued = parts.accounts.create_token("fleet", Role.AGENT, created_by="tests")
    issuer = app.test_client()
    issuer.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {issued.token}"
    headers = offered_headers(issuer)
    assert client.get(PATH, headers=headers).status_code == 200
    parts.accounts.store.delete_token(issued.row.id)
    assert problem_of(client.get(PATH, headers=headers))["status"] == 401
    assert problem_of(client.get("/api/v1/packages", headers=headers))["status"] == 401


@pytest.mark.parametrize("change", [{"is_active": False}, {"password": "another password"}])
def test_a_disabled_user_ends_it(
    package: dict[str, Any], app: Flask, parts: Services, client: FlaskClient, change: dict[str, Any]
) -> None:
    """Likewise for what a user has asked for, and after a new password."""
    with app.app_context():
        user = parts.accounts.create_user("someone", PASSWORD, Role.AGENT)
        token = parts.accounts.login("someone", PASSWORD, "test").token
    issuer = app.test_client()
    issuer.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    headers = offered_headers(issuer)
    assert client.get(PATH, headers=headers).status_code == 200
    parts.accounts.change_user(user.id, **change)
    assert client.get(PATH, headers=headers).status_code == 401


def test_it_lasts_a_day(package: dict[str, Any], app: Flask, agent: FlaskClient, client: FlaskClient) -> None:
    """Its claims say so, and one that is over does not count."""
    token = offered_headers(agent)["Authorization"].removeprefix("Bearer ")
    key = app.config[tokens.FILE_KEY]
    claims = jwt.decode(token, key, ["HS256"], audience=tokens.AUDIENCE)
    assert claims["type"] == "file"
    assert abs(claims["exp"] - time.time() - 24 * 3600) < 60
    old = jwt.encode({**claims, "exp": int(time.time()) - 1}, key, "HS256")
    assert client.get(PATH, headers={"Authorization": f"Bearer {old}"}).status_code == 401


@pytest.mark.parametrize("change", [{"type": "access"}, {"type": "file"}, {"file": [1, "a", "b"]}])
def test_no_key_signs_for_the_other_type(
    package: dict[str, Any], agent: FlaskClient, client: FlaskClient, app: Flask, change: dict[str, Any]
) -> None:
    """A file token signed with the access key, or an access token with the file key, is no token."""
    token = offered_headers(agent)["Authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, options={"verify_signature": False})
    changed = {**claims, **change}
    wrong = app.config[tokens.FILE_KEY] if changed["type"] == "access" else SECRET_KEY
    forged = jwt.encode(changed, wrong, "HS256")
    assert client.get(PATH, headers={"Authorization": f"Bearer {forged}"}).status_code == 401
