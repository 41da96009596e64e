"""There is always an active admin."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.accounts.manager import AccountManager
from app.accounts.roles import Role
from app.http.services import get


@pytest.fixture
def last_admin(add_user):
    """The only user."""
    return add_user(Role.ADMIN)


@pytest.mark.parametrize("changes", [{"role": "publisher"}, {"is_active": False}, {"role": "agent", "is_active": True}])
def test_last_admin_stays_admin(client, last_admin, changes):
    """The last active admin cannot be demoted or disabled, by themselves or by an admin's token."""
    path = f"/api/v1/users/{last_admin.id}"
    assert client.patch(path, json=changes, headers=last_admin.headers).status_code == 409
    assert client.get(path, headers=last_admin.headers).json["role"] == "admin"


def test_last_admin_cannot_be_removed(client, last_admin):
    """Nor deleted."""
    path = f"/api/v1/users/{last_admin.id}"
    assert client.delete(path, headers=last_admin.headers).status_code == 409
    assert client.get(path, headers=last_admin.headers).status_code == 200


def test_last_admin_may_change_otherwise(client, last_admin):
    """What leaves an active admin is allowed."""
    changes = {"role": "admin", "is_active": True, "password": "a new long password"}
    assert client.patch(f"/api/v1/users/{last_admin.id}", json=changes, headers=last_admin.headers).status_code == 200


def test_disabled_admin_does_not_count(client, last_admin, add_user):
    """An admin who is disabled is no replacement, and may be removed."""
    other = add_user(Role.ADMIN)
    path = f"/api/v1/users/{other.id}"
    assert client.patch(path, json={"is_active": False}, headers=last_admin.headers).status_code == 200
    assert client.delete(f"/api/v1/users/{last_admin.id}", headers=last_admin.headers).status_code == 409
    assert client.delete(path, headers=last_admin.headers).status_code == 204


@pytest.mark.parametrize("step", ["demote", "disable", "delete"])
def test_two_at_once_leave_one(app, client, last_admin, add_user, step):
    """Two admins who remove each other at the same moment: one succeeds, the other is refused."""
    other = add_user(Role.ADMIN)

    def remove(pair):
        asking, removed = pair
        path = f"/api/v1/users/{removed.id}"
        if step == "delete":
            return app.test_client().delete(path, headers=asking.headers).status_code
        changes = {"role": "agent"} if step == "demote" else {"is_active": False}
        return app.test_client().patch(path, json=changes, headers=asking.headers).status_code

    with ThreadPoolExecutor(2) as threads:
        statuses = list(threads.map(remove, [(last_admin, other), (other, last_admin)]))
    assert sum(status in (200, 204) for status in statuses) == 1
    assert set(statuses) & {401, 403, 404, 409}


def test_many_at_once_leave_one(app, last_admin, add_user):
    """Machine tokens that delete eight admins at once leave one."""
    admins = [last_admin, *(add_user(Role.ADMIN) for _ in range(7))]
    with app.app_context():
        token = get(AccountManager).create_token("cleaner", Role.ADMIN, created_by="test").token
    headers = {"Authorization": f"Bearer {token}"}

    def delete(account):
        return app.test_client().delete(f"/api/v1/users/{account.id}", headers=headers).status_code

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(delete, admins)) == [204] * 7 + [409]
