"""Who uploads is looked at once more when all bytes are there: an upload may last an hour."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from app.accounts import tokens
from app.accounts.roles import Role
from app.wiring import Services
from tests.api.conftest import PASSWORD, problem_of
from tests.api.packages.publishing import CONTENT, put

FORM = b"--b\r\nContent-Disposition: form-data; name=%s\r\n\r\n%s\r\n"


class SlowBody:
    """A body of which something happens before its last byte."""

    def __init__(self, content: bytes, meanwhile: Callable[[], object]) -> None:
        self.content = content
        self.meanwhile = meanwhile

    def readinto(self, buffer: memoryview) -> int:
        """All but the last byte; then, after what happens meanwhile, that one."""
        if len(self.content) == 1:
            self.meanwhile()
        count = min(len(buffer), max(1, len(self.content) - 1), len(self.content))
        buffer[:count] = self.content[:count]
        self.content = self.content[count:]
        return count


@pytest.fixture
def user(app: Flask, parts: Services) -> tuple[int, dict[str, str]]:
    """The id of a user who may publish, and the headers of their requests."""
    with app.app_context():
        row = parts.accounts.create_user("maria", PASSWORD, Role.PUBLISHER)
        token = parts.accounts.login("maria", PASSWORD, "127.0.0.1").token
    return row.id, {"Authorization": f"Bearer {token}"}


def put_slowly(client: FlaskClient, headers: dict[str, str], meanwhile: Callable[[], object]) -> TestResponse:
    """PUT a package during which something happens."""
    path = "/api/v1/packages/opamp-agent/1.0.0/linux/amd64/agent.bin"
    return client.put(path, headers=headers, environ_overrides=sent_slowly(CONTENT, meanwhile))


def sent_slowly(content: bytes, meanwhile: Callable[[], object]) -> dict[str, object]:
    """What the server's environ has of such a body."""
    return {"wsgi.input": SlowBody(content, meanwhile), "CONTENT_LENGTH": str(len(content))}


def is_as_before(admin: FlaskClient, parts: Services) -> bool:
    """Whether nothing is published, and nothing is left in storage."""
    with parts.database.reading() as connection:
        kept = connection.scalar(text("SELECT count(*) FROM objects WHERE state <> 'deleted'"))
    return admin.get("/api/v1/packages").get_json() == [] and kept == 0


@pytest.mark.parametrize(
    ("change", "status"),
    [({"is_active": False}, 401), ({"password": "another long password"}, 401), ({"role": "agent"}, 403)],
    ids=["disabled", "another password", "demoted"],
)
def test_a_user_who_may_not_any_more_publishes_nothing(
    admin: FlaskClient, parts: Services, user: tuple[int, dict[str, str]], change: dict[str, object], status: int
) -> None:
    """What is taken from a user during an upload counts for that upload."""
    user_id, headers = user

    def meanwhile() -> None:
        assert admin.patch(f"/api/v1/users/{user_id}", json=change).status_code == 200

    assert problem_of(put_slowly(without_token(admin), headers, meanwhile))["status"] == status
    assert is_as_before(admin, parts)


def test_a_revoked_token_publishes_nothing(admin: FlaskClient, parts: Services) -> None:
    """A form's upload, too, ends in 401 if its machine token is revoked before its end."""
    made = admin.post("/api/v1/tokens", json={"name": "ci", "role": "publisher"}).get_json()
    fields = {b"name": b"a", b"version": b"1", b"platform": b"linux", b"arch": b"any"}
    form = b"".join(FORM % field for field in fields.items()) + FORM % (b'file; filename="a"', CONTENT) + b"--b--\r\n"
    environ = sent_slowly(form, lambda: admin.delete(f"/api/v1/tokens/{made['id']}"))
    environ |= {"CONTENT_TYPE": "multipart/form-data; boundary=b", "HTTP_AUTHORIZATION": f"Bearer {made['token']}"}
    response = without_token(admin).post("/api/v1/packages", environ_overrides=environ)
    assert problem_of(response)["status"] == 401
    assert is_as_before(admin, parts)


def test_a_revoked_token_repairs_and_repeats_nothing(admin: FlaskClient) -> None:
    """Sending what is there already is no way around it."""
    assert put(admin).status_code == 201
    made = admin.post("/api/v1/tokens", json={"name": "ci", "role": "publisher"}).get_json()
    headers = {"Authorization": f"Bearer {made['token']}"}
    answer = put_slowly(without_token(admin), headers, lambda: admin.delete(f"/api/v1/tokens/{made['id']}"))
    assert problem_of(answer)["status"] == 401


def test_a_token_that_runs_out_during_an_upload_publishes(
    app: Flask, admin: FlaskClient, parts: Services, user: tuple[int, dict[str, str]]
) -> None:
    """It was good when the request came."""
    series = parts.accounts.store.credentials("maria").token_series  # type: ignore[union-attr]
    expires_at = datetime.now(UTC) + timedelta(seconds=1)
    with app.app_context():
        headers = {"Authorization": f"Bearer {tokens.encode('user', user[0], series, expires_at)}"}

    def expire() -> None:
        time.sleep(max(0.0, expires_at.timestamp() - time.time()))
        assert without_token(admin).get("/api/v1/me", headers=headers).status_code == 401

    assert put_slowly(without_token(admin), headers, expire).status_code == 201


def without_token(client: FlaskClient) -> FlaskClient:
    """Another client of the same application, without a token."""
    return client.application.test_client()
