"""Logging in, and who one is then."""

import statistics
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.api.accounts.conftest import unique_name


def test_login_answers_with_a_token_that_works(client, agent):
    """A right login gives a token, until when it lasts, and the user; the token opens /me."""
    answer = client.post("/api/v1/auth/login", json=agent.login)
    assert answer.status_code == 200
    assert set(answer.json) == {"token", "expires_at", "user"}
    assert set(answer.json["user"]) == {"id", "username", "role", "is_active", "created_at"}
    assert answer.json["user"]["username"] == agent.username
    me = client.get("/api/v1/me", headers={"Authorization": f"Bearer {answer.json['token']}"})
    assert me.status_code == 200
    expected = {"id": agent.id, "username": agent.username, "role": "agent", "is_active": True, "kind": "user"}
    assert me.json == expected


def test_token_lasts_as_long_as_configured(client, agent, app):
    """expires_at is jwt.duration from now, in RFC 3339 UTC."""
    answer = client.post("/api/v1/auth/login", json=agent.login)
    assert answer.json["expires_at"].endswith("Z")
    left = datetime.fromisoformat(answer.json["expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=23, minutes=59) < left <= timedelta(hours=24)


def test_wrong_password_and_unknown_user_get_the_same_answer(log_in, agent):
    """Nothing in the answer tells whether the user exists."""
    wrong = log_in(agent.username, "wrong horse battery")
    unknown = log_in(unique_name(), "wrong horse battery")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.headers["WWW-Authenticate"] == "Bearer"
    assert wrong.json["title"] == "The login failed"
    ours = {key: value for key, value in wrong.json.items() if key != "request_id"}
    assert ours == {key: value for key, value in unknown.json.items() if key != "request_id"}


def test_unknown_user_takes_as_long_as_a_wrong_password(log_in, agent):
    """The time of the answer does not tell whether the user exists: the hash is the greater part of both."""

    def seconds(username):
        started = time.perf_counter()
        assert log_in(username, "wrong horse battery").status_code == 401
        return time.perf_counter() - started

    pairs = [(seconds(agent.username), seconds(unique_name())) for _ in range(5)]
    wrong, unknown = (statistics.median(times) for times in zip(*pairs, strict=True))
    assert unknown > wrong / 2
    assert wrong > unknown / 2


def test_disabled_user_cannot_log_in(client, log_in, admin, agent):
    """A disabled user gets the answer of a wrong password."""
    client.patch(f"/api/v1/users/{agent.id}", json={"is_active": False}, headers=admin.headers)
    assert log_in(agent.username, agent.password).status_code == 401


@pytest.mark.parametrize("username", ["", "a" * 101, "no spaces", "nul\0", "ä", "a" * 100_000, "tab\t", "x\n"])
def test_impossible_user_names_are_wrong_credentials(log_in, username):
    """A name that no user can have is answered as a wrong one, and never reaches PostgreSQL."""
    assert log_in(username, "wrong horse battery").status_code == 401


def test_password_with_nul_is_wrong(log_in, agent):
    """NUL in a password is a character like any other."""
    assert log_in(agent.username, "nul \0 horse battery").status_code == 401


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"username": "x"},
        {"password": "x"},
        {"username": "x", "password": "y", "remember": True},
        {"username": 1, "password": "y"},
        {"username": "x", "password": None},
        {"username": ["x"], "password": {}},
        {"username": "x", "password": "y" * 1025},
    ],
)
def test_wrong_fields_are_refused(client, fields):
    """Missing, unknown, mistyped and overlong fields are 422 and named."""
    answer = client.post("/api/v1/auth/login", json=fields)
    assert answer.status_code == 422
    assert answer.json["errors"]


def test_megabyte_password_is_refused_before_hashing(client, agent, log_in):
    """A password of almost 1 MiB costs no hash; one over the body's limit is 413."""
    started = time.perf_counter()
    assert log_in(agent.username, "p" * 1_000_000).status_code == 422
    assert time.perf_counter() - started < 1
    assert log_in(agent.username, "p" * 2**20).status_code == 413


def test_login_takes_no_parameters(client, agent):
    """An unknown query parameter is refused here as everywhere."""
    assert client.post("/api/v1/auth/login?next=/", json=agent.login).status_code == 422


def test_public_registration_does_not_exist(client):
    """Nobody makes themselves a user."""
    fields = {"username": unique_name(), "password": "correct horse battery", "role": "admin"}
    assert client.post("/api/v1/users", json=fields).status_code == 401
    assert client.post("/api/v1/auth/register", json=fields).status_code == 404
