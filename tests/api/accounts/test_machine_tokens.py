"""Machine tokens over HTTP."""

from datetime import UTC, datetime, timedelta

import pytest

PATH = "/api/v1/tokens"


@pytest.fixture
def create(client, admin):
    return lambda **fields: client.post(PATH, json=fields, headers=admin.headers)


def bearer(answer):
    return {"Authorization": f"Bearer {answer.json['token']}"}


def test_made_token_works_and_is_shown_once(client, create, admin):
    """The answer has the token; the list does not."""
    answer = create(name="build", role="publisher")
    assert answer.status_code == 201
    assert set(answer.json) == {"id", "name", "role", "created_at", "expires_at", "created_by", "token"}
    assert answer.json["created_by"] == admin.username
    me = client.get("/api/v1/me", headers=bearer(answer))
    expected = {"id": answer.json["id"], "username": "build", "role": "publisher", "is_active": True, "kind": "token"}
    assert me.json == expected
    listed = client.get(f"{PATH}?limit=500", headers=admin.headers).json
    [row] = [row for row in listed if row["id"] == answer.json["id"]]
    assert row == {name: value for name, value in answer.json.items() if name != "token"}


def test_lasts_a_year_by_default(create):
    """expires_in_days is 365 unless given, 1 to 3650."""
    for fields, days in (({}, 365), ({"expires_in_days": 1}, 1), ({"expires_in_days": 3650}, 3650)):
        answer = create(name="build", role="agent", **fields)
        left = datetime.fromisoformat(answer.json["expires_at"]) - datetime.now(UTC)
        assert timedelta(days=days) - timedelta(minutes=1) < left <= timedelta(days=days)


def test_names_may_repeat_and_be_in_any_script(create):
    """A token's name is a label, not a key."""
    for name in ("same", "same", "Рабочая станция 7", "x" * 100, " ", "😀"):
        assert create(name=name, role="agent").status_code == 201


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"name": "nul\0"},
        {"name": "line\nend"},
        {"name": None},
        {"name": 5},
        {"role": "root"},
        {"role": None},
        {"expires_in_days": 0},
        {"expires_in_days": -1},
        {"expires_in_days": 3651},
        {"expires_in_days": 10**30},
        {"expires_in_days": 1.5},
        {"expires_in_days": 1e300},
        {"expires_in_days": "30"},
        {"expires_in_days": True},
        {"expires_in_days": None},
        {"created_by": "someone"},
        {"token": "x"},
    ],
    ids=str,
)
def test_invalid_tokens_are_refused(create, changes):
    """Each field has its rule; the answer names the field."""
    answer = create(**{"name": "build", "role": "agent", **changes})
    assert answer.status_code == 422
    assert set(answer.json["errors"]) == set(changes)


def test_revoked_at_once(client, create, admin):
    """After DELETE the token is 401, and the row is gone."""
    answer = create(name="build", role="agent")
    assert client.get("/api/v1/me", headers=bearer(answer)).status_code == 200
    path = f"{PATH}/{answer.json['id']}"
    assert client.delete(path, headers=admin.headers).status_code == 204
    assert client.get("/api/v1/me", headers=bearer(answer)).status_code == 401
    assert client.delete(path, headers=admin.headers).status_code == 404


def test_role_of_the_token_holds(client, create):
    """A machine token may do what its role may."""
    assert client.get(PATH, headers=bearer(create(name="low", role="publisher"))).status_code == 403
    assert client.get(PATH, headers=bearer(create(name="high", role="admin"))).status_code == 200


def test_outlives_who_made_it(client, create, admin, add_user):
    """A machine token stays when its maker is deleted, and keeps the name."""
    answer = create(name="build", role="admin")
    assert client.delete(f"/api/v1/users/{admin.id}", headers=bearer(answer)).status_code in (204, 409)
    assert client.get("/api/v1/me", headers=bearer(answer)).status_code == 200


def test_token_made_by_a_token(client, create):
    """created_by is the name of the machine token that asked."""
    maker = create(name="maker", role="admin")
    made = client.post(PATH, json={"name": "made", "role": "agent"}, headers=bearer(maker))
    assert made.json["created_by"] == "maker"


def test_revoking_takes_no_parameters(client, create, admin):
    """An unknown parameter is refused before anything happens."""
    answer = create(name="build", role="agent")
    assert client.delete(f"{PATH}/{answer.json['id']}?force=1", headers=admin.headers).status_code == 422
    assert client.get("/api/v1/me", headers=bearer(answer)).status_code == 200


def test_a_single_token_has_no_page(client, create, admin):
    """Tokens are listed and revoked, not read one by one."""
    answer = create(name="build", role="agent")
    refused = client.get(f"{PATH}/{answer.json['id']}", headers=admin.headers)
    assert refused.status_code == 405
    assert "DELETE" in refused.headers["Allow"]
