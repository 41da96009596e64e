"""Channels over HTTP."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app.wiring import Services
from tests.api.channels.setting import channel, put_channel
from tests.api.conftest import ClientFor, problem_of
from tests.api.packages.publishing import published

MEMBERS = [
    {"name": "plugin", "version": "1.4.0", "type": "addon"},
    {"name": "opamp-agent", "version": "latest", "type": "top_level"},
]


def test_a_channel_is_put_and_read(publisher: FlaskClient) -> None:
    """201 when new, 200 when replaced; GET and list give what PUT answered, packages in their order."""
    published(publisher)
    published(publisher, name="plugin", version="1.4.0")
    first = put_channel(publisher, description="all", match={"service.name": "x", "n": 1}, packages=MEMBERS)
    assert first.status_code == 201
    put = first.get_json()
    assert put["packages"] == MEMBERS
    assert put["match"] == {"service.name": "x", "n": 1}
    assert publisher.get("/api/v1/channels/stable").get_json() == put
    assert publisher.get("/api/v1/channels").get_json() == [put]
    again = put_channel(publisher, packages=[])
    assert again.status_code == 200
    assert (again.get_json()["packages"], again.get_json()["match"]) == ([], {})
    assert again.get_json()["created_at"] == put["created_at"]


def test_the_list_has_pages(agent: FlaskClient, publisher: FlaskClient) -> None:
    """By name, with a link to the next page while there is one."""
    for name in ("c", "a", "b"):
        channel(publisher, name)
    first = agent.get("/api/v1/channels?limit=2")
    assert [row["name"] for row in first.get_json()] == ["a", "b"]
    url = first.headers["Link"].split(">")[0].removeprefix("<http://127.0.0.1:8080")
    second = agent.get(url)
    assert [row["name"] for row in second.get_json()] == ["c"]
    assert "Link" not in second.headers
    assert problem_of(agent.get("/api/v1/channels?sort=name"))["status"] == 422


def test_delete(admin: FlaskClient) -> None:
    """204, then 404 for everything about it."""
    channel(admin)
    assert admin.delete("/api/v1/channels/stable").status_code == 204
    for method in ("GET", "DELETE"):
        assert problem_of(admin.open("/api/v1/channels/stable", method=method))["status"] == 404


def test_roles(client_for: ClientFor, client: FlaskClient) -> None:
    """An agent reads, a publisher writes, an admin deletes."""
    assert put_channel(client).status_code == 401
    assert put_channel(client_for("agent")).status_code == 403
    assert put_channel(client_for("publisher")).status_code == 201
    assert client_for("publisher").delete("/api/v1/channels/stable").status_code == 403
    assert client_for("agent").get("/api/v1/channels/stable").status_code == 200


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"packages": [{"name": "nowhere", "version": "latest"}]}, "packages.0.name"),
        ({"packages": [{"name": "opamp-agent", "version": "9.9.9"}]}, "packages.0.version"),
        ({"packages": {"opamp-agent": "latest", "nowhere": "1.0.0"}}, "packages.1.name"),
        ({"packages": [{"name": "opamp-agent", "version": "latest", "type": "other"}]}, "packages.0.type"),
        ({"packages": [{"name": "opamp-agent"}]}, "packages.0.version"),
        ({"packages": [{"name": "opamp-agent", "version": "latest"}] * 2}, "packages.1.name"),
        ({"packages": "all"}, "packages"),
        ({"match": {"a": None}}, "match.a.value"),
        ({"match": {"a": "\0"}}, "match.a.value"),
        ({"match": {"a": [1]}}, "match.a.value"),
        ({"match": []}, "match"),
        ({"match": {"a": 2**64}}, "match.a.value"),
        ({"color": "red"}, "color"),
        ({"description": "\0"}, "description"),
    ],
)
def test_wrong_fields(publisher: FlaskClient, fields: dict[str, object], named: str) -> None:
    """422 that names the field, and nothing is stored."""
    published(publisher)
    assert named in problem_of(put_channel(publisher, **fields))["errors"]
    assert publisher.get("/api/v1/channels").get_json() == []


@pytest.mark.parametrize("name", ["-a", "a%20b", "a" * 101, "%00", "%E2%80%AE"])
def test_names_that_are_none(publisher: FlaskClient, name: str) -> None:
    """422 to put, 404 to read."""
    assert problem_of(put_channel(publisher, name))["status"] == 422
    assert problem_of(publisher.get(f"/api/v1/channels/{name}"))["status"] == 404


def test_packages_are_never_left_out_by_accident(publisher: FlaskClient) -> None:
    """A body without `packages` is refused: it would empty agents."""
    response = publisher.put("/api/v1/channels/stable", json={"match": {}})
    assert "packages" in problem_of(response)["errors"]


def test_a_pinned_package_cannot_be_deleted(admin: FlaskClient) -> None:
    """409 that names the channel; once the channel is gone the delete goes through."""
    package = published(admin)
    url = f"/api/v1/packages/{package['id']}"
    channel(admin, "fleet-7", packages={"opamp-agent": "1.0.0"})
    refused = problem_of(admin.delete(url))
    assert refused["status"] == 409
    assert "fleet-7" in refused["detail"]
    assert admin.get(url).status_code == 200
    assert admin.get(f"{url}/download").status_code == 200
    admin.delete("/api/v1/channels/fleet-7")
    assert admin.delete(url).status_code == 204


def test_latest_pins_nothing(admin: FlaskClient) -> None:
    """A package that a channel follows by `latest` can be deleted."""
    package = published(admin)
    channel(admin, packages={"opamp-agent": "latest"})
    assert admin.delete(f"/api/v1/packages/{package['id']}").status_code == 204


def test_pinning_and_deleting_at_once(admin: FlaskClient, client_for: ClientFor) -> None:
    """Whoever comes first, no channel ever pins what is gone."""
    clients = client_for("admin"), client_for("admin")
    for _ in range(15):
        package = published(admin)
        url = f"/api/v1/packages/{package['id']}"
        barrier = threading.Barrier(2)

        def pin(barrier: threading.Barrier = barrier) -> int:
            barrier.wait(30)
            return put_channel(clients[0], packages={"opamp-agent": "1.0.0"}).status_code

        def delete(barrier: threading.Barrier = barrier, url: str = url) -> int:
            barrier.wait(30)
            return clients[1].delete(url).status_code

        with ThreadPoolExecutor(2) as pool:
            pinned, deleted = pool.submit(pin), pool.submit(delete)
        outcome = (pinned.result(60), deleted.result(60))
        assert outcome in ((201, 409), (422, 204)), outcome
        admin.delete("/api/v1/channels/stable")
        admin.delete(url)


def test_a_delete_waits_for_a_channel_that_is_being_written(admin: FlaskClient, parts: Services) -> None:
    """The rows that an uncommitted channel pins are held: the delete waits, and then sees the channel."""
    package = published(admin)
    with parts.database.writing() as connection, ThreadPoolExecutor(1) as pool:
        connection.execute(text("SELECT id FROM packages FOR KEY SHARE"))
        connection.execute(text("INSERT INTO channels (name, match) VALUES ('slow', '{}')"))
        connection.execute(
            text("INSERT INTO channel_packages SELECT id, 'opamp-agent', '1.0.0', 'addon', 0 FROM channels")
        )
        deleted = pool.submit(admin.delete, f"/api/v1/packages/{package['id']}")
        time.sleep(0.3)
        assert not deleted.done()
        connection.commit()
        assert "slow" in problem_of(deleted.result(60))["detail"]
