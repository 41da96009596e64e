"""Users as pages: adding, changing, and the last admin."""

from flask.testing import FlaskClient

from app.accounts.roles import Role
from tests.console.site import Console

LONG = "a long enough password"


def test_a_user_is_added(console: Console, admin: FlaskClient) -> None:
    """303, and the user is on the list and can log in; a taken name is 409 with what was typed."""
    fields = {"username": "added.user", "password": LONG, "role": "publisher"}
    assert admin.post("/ui/users", data=fields).status_code == 303
    assert 'data-user="added.user"' in admin.get("/ui/users").text
    assert console.client().post("/ui/login", data={"username": "added.user", "password": LONG}).status_code == 303
    again = admin.post("/ui/users", data=fields)
    assert again.status_code == 409
    assert 'value="added.user"' in again.text
    assert LONG not in again.text


def test_changes_hold_at_the_next_click(console: Console, admin: FlaskClient) -> None:
    """A lower role, a new password and disabling, each from the next request on."""
    user_id = console.user("changed.user", Role.PUBLISHER)
    pages = console.client("changed.user")
    assert pages.get("/ui/agents").status_code == 200
    assert admin.post(f"/ui/users/{user_id}", data={"role": "agent"}).status_code == 303
    assert pages.get("/ui/agents").status_code == 403
    assert admin.post(f"/ui/users/{user_id}", data={"password": LONG}).status_code == 303
    assert pages.get("/ui/").status_code == 303
    pages = console.client("changed.user")
    assert admin.post(f"/ui/users/{user_id}", data={"is_active": "false"}).status_code == 303
    assert pages.get("/ui/").status_code == 303
    assert admin.post(f"/ui/users/{user_id}/delete", data={}).status_code == 303
    assert 'data-user="changed.user"' not in admin.get("/ui/users").text


def test_the_last_admin_stays(console: Console, admin: FlaskClient) -> None:
    """Demoting, disabling or deleting the last admin is 409, in words."""
    credentials = console.parts.accounts.store.credentials("admin")
    assert credentials
    path = f"/ui/users/{credentials.id}"
    for url, fields in ((path, {"role": "agent"}), (path, {"is_active": "false"}), (f"{path}/delete", {})):
        answer = admin.post(url, data=fields)
        assert answer.status_code == 409
        assert "Make another user an admin first" in answer.text
    assert admin.get("/ui/users").status_code == 200


def test_bad_fields(console: Console, admin: FlaskClient) -> None:
    """422 in words; a user that isn't there is 404."""
    user_id = console.user("unchanged.user", Role.AGENT)
    for fields in ({"password": "short"}, {"role": "king"}, {"is_active": "maybe"}, {"nonsense": "1"}):
        assert admin.post(f"/ui/users/{user_id}", data=fields).status_code == 422
    assert admin.post("/ui/users/999999", data={"role": "agent"}).status_code == 404
    assert admin.post("/ui/users", data={"username": "a b", "password": LONG, "role": "agent"}).status_code == 422
