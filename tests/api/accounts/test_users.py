"""Users over HTTP."""

from datetime import datetime

import pytest

from tests.api.accounts.conftest import PASSWORD, unique_name


def new_user(**changes):
    return {"username": unique_name(), "password": PASSWORD, "role": "agent", **changes}


@pytest.fixture
def create(client, admin):
    return lambda **changes: client.post("/api/v1/users", json=new_user(**changes), headers=admin.headers)


def test_created_user_can_log_in(create, log_in):
    """A user is answered without the password, with a UTC time, and can log in."""
    answer = create(role="publisher")
    assert answer.status_code == 201
    assert set(answer.json) == {"id", "username", "role", "is_active", "created_at"}
    assert (answer.json["role"], answer.json["is_active"]) == ("publisher", True)
    assert datetime.fromisoformat(answer.json["created_at"]).utcoffset().total_seconds() == 0
    assert log_in(answer.json["username"], PASSWORD).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"username": ""},
        {"username": "a" * 101},
        {"username": "with space"},
        {"username": "line\n"},
        {"username": "ümlaut"},
        {"username": "nul\0"},
        {"username": None},
        {"username": 7},
        {"password": "eleven char"},
        {"password": "x" * 1025},
        {"password": None},
        {"password": 123456789012},
        {"role": "root"},
        {"role": "ADMIN"},
        {"role": ""},
        {"role": None},
        {"role": 3},
        {"role": ["admin"]},
        {"is_active": True},
        {"id": 1},
    ],
    ids=lambda changes: str(changes)[:40],
)
def test_invalid_users_are_refused(create, changes):
    """Each field has its rule; the answer names the field."""
    answer = create(**changes)
    assert answer.status_code == 422
    assert set(answer.json["errors"]) == set(changes)


@pytest.mark.parametrize("missing", ["username", "password", "role"])
def test_every_field_is_needed(client, admin, missing):
    """A new user needs name, password and role."""
    fields = {name: value for name, value in new_user().items() if name != missing}
    answer = client.post("/api/v1/users", json=fields, headers=admin.headers)
    assert answer.status_code == 422
    assert set(answer.json["errors"]) == {missing}


@pytest.mark.parametrize(
    "changes", [{"username": "a.B_c@d-" + "1" * 92}, {"password": "x" * 12}, {"password": "\0é😀 " * 256}]
)
def test_limits_are_inclusive(create, changes):
    """100 characters of name, 12 and 1,024 of password are allowed."""
    assert create(**changes).status_code == 201


def test_name_taken(create):
    """A name can be had once; another case is another name."""
    username = unique_name()
    assert create(username=username).status_code == 201
    assert create(username=username).status_code == 409
    assert create(username=username.upper()).status_code == 201


def test_user_is_shown(client, admin, agent):
    """The user of an id, to admins."""
    answer = client.get(f"/api/v1/users/{agent.id}", headers=admin.headers)
    assert answer.status_code == 200
    assert answer.json["username"] == agent.username


def test_changed_role_holds_for_old_tokens(client, admin, agent):
    """Promotion and demotion are live: the token made before has the new role at once."""
    path = f"/api/v1/users/{agent.id}"
    assert client.get("/api/v1/users", headers=agent.headers).status_code == 403
    assert client.patch(path, json={"role": "admin"}, headers=admin.headers).json["role"] == "admin"
    assert client.get("/api/v1/users", headers=agent.headers).status_code == 200
    client.patch(path, json={"role": "publisher"}, headers=admin.headers)
    assert client.get("/api/v1/users", headers=agent.headers).status_code == 403
    assert client.get("/api/v1/me", headers=agent.headers).json["role"] == "publisher"


def test_new_password_ends_tokens(client, admin, agent, log_in):
    """A new password ends the tokens that the old one made; the old one is then wrong."""
    path = f"/api/v1/users/{agent.id}"
    assert client.patch(path, json={"password": "a new long password"}, headers=admin.headers).status_code == 200
    assert client.get("/api/v1/me", headers=agent.headers).status_code == 401
    assert log_in(agent.username, PASSWORD).status_code == 401
    assert log_in(agent.username, "a new long password").status_code == 200


def test_other_changes_keep_tokens(client, admin, agent):
    """Only a new password ends tokens."""
    client.patch(f"/api/v1/users/{agent.id}", json={"role": "publisher"}, headers=admin.headers)
    assert client.get("/api/v1/me", headers=agent.headers).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"username": "other"},
        {"role": None},
        {"role": "boss"},
        {"is_active": None},
        {"is_active": "true"},
        {"is_active": 1},
        {"password": "short"},
        {"password": None},
        {"id": 1},
    ],
    ids=str,
)
def test_invalid_changes_are_refused(client, admin, agent, changes):
    """A change is refused as a whole, and names the field."""
    answer = client.patch(f"/api/v1/users/{agent.id}", json={"role": "publisher", **changes}, headers=admin.headers)
    assert answer.status_code == 422
    assert set(answer.json["errors"]) == set(changes)
    assert client.get(f"/api/v1/users/{agent.id}", headers=admin.headers).json["role"] == "agent"


def test_change_of_nothing(client, admin, agent):
    """An empty change answers with the user as they are."""
    answer = client.patch(f"/api/v1/users/{agent.id}", json={}, headers=admin.headers)
    assert answer.status_code == 200
    assert answer.json["role"] == "agent"


def test_deleted_user_is_gone(client, admin, agent):
    """A deleted user is 404 for every method."""
    path = f"/api/v1/users/{agent.id}"
    answer = client.delete(path, headers=admin.headers)
    assert (answer.status_code, answer.data) == (204, b"")
    assert client.get(path, headers=admin.headers).status_code == 404
    assert client.delete(path, headers=admin.headers).status_code == 404
    assert client.patch(path, json={"role": "agent"}, headers=admin.headers).status_code == 404


@pytest.mark.parametrize(
    "user_id",
    ["0", "-1", "9223372036854775807", "9223372036854775808", "18446744073709551616", "1e3", "%2F", "1/", "abc", "٣"],
)
def test_impossible_ids(client, admin, user_id):
    """Ids out of range are 404, with a good token too."""
    for path in (f"/api/v1/users/{user_id}", f"/api/v1/tokens/{user_id}"):
        assert client.delete(path, headers=admin.headers).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/users"),
        ("POST", "/users"),
        ("GET", "/users/1"),
        ("PATCH", "/users/1"),
        ("DELETE", "/users/1"),
        ("GET", "/tokens"),
        ("POST", "/tokens"),
        ("DELETE", "/tokens/1"),
    ],
)
def test_only_admins(client, publisher, agent, method, path):
    """Without a token 401, with a lower role 403, before anything else is looked at."""
    path = f"/api/v1{path}?unknown=1"
    assert client.open(path, method=method).status_code == 401
    for account in (agent, publisher):
        assert client.open(path, method=method, headers=account.headers, data="x").status_code == 403


def test_order_of_refusals(client, admin, agent):
    """Existence before headers, headers before size, both before the query and the fields."""
    gone, there = "/api/v1/users/9223372036854775807", f"/api/v1/users/{agent.id}"
    assert client.patch(f"{gone}?x=1", data="x", headers=admin.headers).status_code == 404
    assert client.patch(f"{there}?x=1", data="x", headers=admin.headers).status_code == 415
    answer = client.patch(
        f"{there}?x=1", data="x" * (2**20 + 1), headers=admin.headers, content_type="application/json"
    )
    assert answer.status_code == 413
    assert client.patch(f"{there}?x=1", json={}, headers=admin.headers).status_code == 422
    assert client.delete(f"{gone}?x=1", headers=admin.headers).status_code == 404
    assert client.delete(f"{there}?x=1", headers=admin.headers).status_code == 422
    assert client.get(f"{there}?x=1", headers=admin.headers).status_code == 422
    assert client.get(there, headers=admin.headers).status_code == 200


def test_other_methods(client, admin):
    """405 names what is allowed."""
    answer = client.put("/api/v1/users", headers=admin.headers)
    assert answer.status_code == 405
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))
