"""Releases: all packages of one name and version, all of them or none."""

import functools
import threading

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app.packages.store import PackageEdit
from app.wiring import Services
from tests import threads
from tests.api.conftest import ClientFor, problem_of
from tests.api.packages.publishing import published
from tests.api.packages.test_upload import states

RELEASE = "/api/v1/releases/opamp-agent/1.0.0"
PLATFORMS = ["linux", "darwin", "windows"]


@pytest.fixture
def release(admin: FlaskClient) -> list[dict[str, object]]:
    """A release for PLATFORMS, between another version and another name."""
    published(admin, b"another version", version="1.0.1")
    packages = [published(admin, platform.encode(), platform=platform) for platform in PLATFORMS]
    published(admin, b"another name", name="opamp-agent-deb")
    return packages


def test_a_release_is_all_its_packages(agent: FlaskClient, release: list[dict[str, object]]) -> None:
    """All platforms, the oldest first, each as its own detail has it."""
    assert agent.get(RELEASE).get_json() == release


def test_what_a_release_costs(agent: FlaskClient, release: list[dict[str, object]], statements: list[str]) -> None:
    """Caller and page are one query."""
    agent.get(RELEASE)
    assert len(statements) == 1


def test_a_release_has_pages(admin: FlaskClient, release: list[dict[str, object]]) -> None:
    """limit and cursor as in every list."""
    first = admin.get(f"{RELEASE}?limit=2")
    second = first.headers["Link"][1:].partition(">")[0].removeprefix("http://127.0.0.1:8080")
    assert first.get_json() + admin.get(second).get_json() == release


@pytest.mark.parametrize("path", ["none/1.0.0", "opamp-agent/9", "-/1", "a%00/1", "a/%ff", "a/" + "1" * 51])
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_no_release(admin: FlaskClient, release: list[dict[str, object]], path: str, method: str) -> None:
    """404 where there is no such package, before body and query are looked at."""
    answer = admin.open(f"/api/v1/releases/{path}?nonsense=1", method=method, data="no JSON")
    assert problem_of(answer)["status"] == 404


@pytest.mark.parametrize("query", ["limit=0", "cursor=x", "name=a", "limit=1&limit=1"])
def test_a_wrong_query(agent: FlaskClient, release: list[dict[str, object]], query: str) -> None:
    """422 for what no list takes."""
    assert problem_of(agent.get(f"{RELEASE}?{query}"))["status"] == 422


def test_a_release_is_yanked_and_comes_back(
    admin: FlaskClient, publisher: FlaskClient, release: list[dict[str, object]]
) -> None:
    """PATCH changes all its packages and no other, and answers with them."""
    yanked = publisher.patch(RELEASE, json={"is_active": False, "description": "crashes"})
    assert yanked.status_code == 200
    changed = [
        {**package, "is_active": False, "description": "crashes", "updated_at": now["updated_at"]}
        for package, now in zip(release, yanked.get_json(), strict=True)
    ]
    assert yanked.get_json() == changed == publisher.get(RELEASE).get_json()
    inactive = publisher.get("/api/v1/packages?is_active=false").get_json()
    assert {package["id"] for package in inactive} == {package["id"] for package in release}
    assert all(package["is_active"] for package in publisher.patch(RELEASE, json={"is_active": True}).get_json())


@pytest.mark.parametrize(("body", "status"), [({"name": "x"}, 422), ({"is_active": None}, 422), ([], 422)])
def test_a_wrong_edit(admin: FlaskClient, release: list[dict[str, object]], body: object, status: int) -> None:
    """What a package refuses, a release refuses, and nothing changes."""
    assert problem_of(admin.patch(RELEASE, json=body))["status"] == status
    assert admin.get(RELEASE).get_json() == release


def test_a_release_is_deleted(admin: FlaskClient, parts: Services, release: list[dict[str, object]]) -> None:
    """204: rows and bytes of all its packages are gone, and no others."""
    assert admin.delete(RELEASE).status_code == 204
    assert states(parts) == {"deleted": 3, "live": 2}
    assert problem_of(admin.get(RELEASE))["status"] == 404
    assert len(admin.get("/api/v1/packages").get_json()) == 2


def test_a_pinned_release_stays(admin: FlaskClient, parts: Services, release: list[dict[str, object]]) -> None:
    """409 names the channel that pins it, and every package stays."""
    channel = {"packages": [{"name": "opamp-agent", "version": "1.0.0"}]}
    assert admin.put("/api/v1/channels/stable", json=channel).status_code == 201
    problem = problem_of(admin.delete(RELEASE))
    assert (problem["status"], "stable" in problem["detail"]) == (409, True)
    assert admin.get(RELEASE).get_json() == release
    assert states(parts) == {"live": 5}


@pytest.mark.parametrize(
    ("role", "method", "status"),
    [("agent", "GET", 200), ("agent", "PATCH", 403), ("publisher", "DELETE", 403)],
)
def test_roles(client_for: ClientFor, release: list[dict[str, object]], role: str, method: str, status: int) -> None:
    """Agents read, publishers edit, admins delete."""
    assert client_for(role).open(RELEASE, method=method, json=None).status_code == status


def test_two_edits_at_once_take_turns(parts: Services, release: list[dict[str, object]]) -> None:
    """Each changes all packages, so that they never end with some of one and some of the other."""
    edits = [PackageEdit(description=description) for description in ("one", "other") * 4]
    ends = threading.Barrier(len(edits))

    def edit(change: PackageEdit) -> None:
        ends.wait(30)
        parts.packages.releases.edit("opamp-agent", "1.0.0", change)

    threads.join(threads.start(*(functools.partial(edit, change) for change in edits)))
    with parts.database.reading() as connection:
        query = text("SELECT DISTINCT description FROM packages WHERE name = 'opamp-agent' AND version = '1.0.0'")
        assert len(connection.scalars(query).all()) == 1
