"""One package: detail, edit, download, delete."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from unittest.mock import patch

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app.storage.interface import WrittenObject
from app.wiring import Services
from tests.api.conftest import ClientFor, problem_of
from tests.api.packages.publishing import CONTENT, published, sha256


class Bytes:
    """A ByteSource over bytes."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def readinto(self, buffer: memoryview) -> int:
        """Hand out what is left."""
        taken = self.content[: len(buffer)]
        buffer[: len(taken)] = taken
        self.content = self.content[len(taken) :]
        return len(taken)


def key_of(package: dict[str, object], parts: Services) -> str:
    """The key of the package's object."""
    return str(package["storage_path"]).removeprefix(f"{parts.storage.location}/")


PATHS = {"detail": "{id}", "by id": "{id}/download", "by path": "{name}/{version}/{platform}/{arch}/{file_name}"}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_what_a_read_costs(publisher: FlaskClient, agent: FlaskClient, statements: list[str], path: str) -> None:
    """Token and package are one query, of what is there and of what is not; a bad token is none."""
    package = published(publisher)
    absent = {**package, "id": package["id"] + 1, "version": "9.9.9"}
    statements.clear()
    assert agent.get(f"/api/v1/packages/{path}".format(**package)).status_code == 200
    assert len(statements) == 1
    assert agent.get(f"/api/v1/packages/{path}".format(**absent)).status_code == 404
    assert len(statements) == 2
    agent.environ_base["HTTP_AUTHORIZATION"] = "Bearer none"
    assert agent.get(f"/api/v1/packages/{path}".format(**package)).status_code == 401
    assert len(statements) == 2


def test_detail_is_what_the_upload_answered(publisher: FlaskClient) -> None:
    """GET by id gives the same JSON."""
    package = published(publisher)
    assert publisher.get(f"/api/v1/packages/{package['id']}").get_json() == package


@pytest.mark.parametrize("package_id", ["0", "-1", "2147483648", "9223372036854775808", "1e3", "abc", "1%2F2", "01"])
def test_an_id_that_is_none_is_not_found(agent: FlaskClient, package_id: str) -> None:
    """404, and never an error of the database."""
    assert problem_of(agent.get(f"/api/v1/packages/{package_id}"))["status"] == 404


def test_edit_changes_what_is_given(publisher: FlaskClient) -> None:
    """Description and activity, each alone; updated_at moves, all else stays."""
    package = published(publisher, description="old")
    url = f"/api/v1/packages/{package['id']}"
    time.sleep(0.01)
    edited = publisher.patch(url, json={"description": "new"}).get_json()
    assert edited == {**package, "description": "new", "updated_at": edited["updated_at"]}
    assert edited["updated_at"] > package["updated_at"]
    assert publisher.patch(url, json={"is_active": False}).get_json()["is_active"] is False


@pytest.mark.parametrize("body", [{"name": "x"}, {"is_active": "yes"}, {"is_active": None}, {"description": 1}])
def test_a_wrong_edit_is_refused(publisher: FlaskClient, body: dict[str, object]) -> None:
    """422, and nothing changes."""
    package = published(publisher)
    assert problem_of(publisher.patch(f"/api/v1/packages/{package['id']}", json=body))["status"] == 422
    assert publisher.get(f"/api/v1/packages/{package['id']}").get_json() == package


def test_a_download_carries_the_bytes_and_what_to_know_of_them(publisher: FlaskClient) -> None:
    """Length, type, name, ETag, digest, ranges, nosniff."""
    package = published(publisher, file_name="агент.bin")
    response = publisher.get(f"/api/v1/packages/{package['id']}/download")
    assert response.data == CONTENT
    assert response.content_length == len(CONTENT)
    assert response.headers["ETag"] == f'"{sha256(CONTENT)}"'
    assert response.headers["Accept-Ranges"] == "bytes"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Repr-Digest"].startswith("sha-256=:")
    assert "filename*=UTF-8''%D0%B0" in response.headers["Content-Disposition"]


def test_head_answers_from_the_row(publisher: FlaskClient, parts: Services) -> None:
    """HEAD, 304 and 416 need no storage: they work although the object is gone."""
    package = published(publisher)
    parts.storage.delete(key_of(package, parts))
    url = f"/api/v1/packages/{package['id']}/download"
    assert publisher.head(url).content_length == len(CONTENT)
    assert publisher.get(url, headers={"If-None-Match": f'"{package["checksum"]}"'}).status_code == 304
    assert publisher.get(url, headers={"Range": "bytes=999-"}).status_code == 416
    assert publisher.get(url).status_code == 502


def test_a_range_is_read_as_a_range(publisher: FlaskClient) -> None:
    """206 with just these bytes, by id and by coordinates."""
    package = published(publisher)
    for url in (
        f"/api/v1/packages/{package['id']}/download",
        "/api/v1/packages/opamp-agent/1.0.0/linux/amd64/agent.bin",
    ):
        response = publisher.get(url, headers={"Range": "bytes=5-8"})
        assert response.status_code == 206
        assert response.data == CONTENT[5:9]


def test_a_yanked_package_can_still_be_downloaded(publisher: FlaskClient) -> None:
    """Agents that were told its address finish."""
    package = published(publisher)
    publisher.patch(f"/api/v1/packages/{package['id']}", json={"is_active": False})
    assert publisher.get(f"/api/v1/packages/{package['id']}/download").data == CONTENT


def test_another_file_name_is_another_path(publisher: FlaskClient) -> None:
    """404, so that a URL names one file; it names the right path."""
    published(publisher)
    problem = problem_of(publisher.get("/api/v1/packages/opamp-agent/1.0.0/linux/x86_64/other.bin"))
    assert problem["status"] == 404
    assert problem["detail"].endswith(" /api/v1/packages/opamp-agent/1.0.0/linux/amd64/agent.bin")
    assert publisher.get("/api/v1/packages/opamp-agent/1.0.0/beos/amd64/agent.bin").status_code == 404


def test_delete_removes_row_and_bytes(admin: FlaskClient, parts: Services) -> None:
    """204; then everything about it is 404, and the same coordinates are free."""
    package = published(admin)
    url = f"/api/v1/packages/{package['id']}"
    assert admin.delete(url).status_code == 204
    for method, path in (("GET", url), ("GET", f"{url}/download"), ("DELETE", url), ("PATCH", url)):
        assert problem_of(admin.open(path, method=method, json={}))["status"] == 404
    assert published(admin)["id"] > package["id"]


def test_only_an_admin_may_delete(client_for: ClientFor) -> None:
    """403 for a publisher."""
    package = published(client_for("publisher"))
    assert client_for("publisher").delete(f"/api/v1/packages/{package['id']}").status_code == 403


def test_other_bytes_of_the_same_size_are_never_served(publisher: FlaskClient, parts: Services) -> None:
    """502, and the package stays marked until the right bytes come."""
    package = published(publisher)
    key = key_of(package, parts)
    parts.storage.delete(key)
    parts.storage.write(key, Bytes(b"?" * len(CONTENT)))
    url = f"/api/v1/packages/{package['id']}/download"
    assert problem_of(publisher.get(url))["status"] == 502
    assert publisher.head(url).status_code == 502


def test_the_same_bytes_with_another_fingerprint_are_served(publisher: FlaskClient, parts: Services) -> None:
    """A restored backup: the object is read once, and its new fingerprint kept."""
    package = published(publisher)
    with parts.database.writing() as connection:
        connection.execute(text("UPDATE packages SET fingerprint = 'of another time'"))
    assert publisher.get(f"/api/v1/packages/{package['id']}/download").data == CONTENT
    renewed = parts.packages.store.get(package["id"])
    assert parts.storage.stat(key_of(package, parts)) == WrittenObject(len(CONTENT), renewed.fingerprint)


def test_verifying_keeps_no_lock(publisher: FlaskClient, parts: Services) -> None:
    """The lock under which a package's bytes are compared is gone when that is done."""
    package = parts.packages.store.get(published(publisher)["id"])
    assert parts.packages.reader.verify(package) is not None
    assert dict(parts.packages.reader._verifying) == {}


def test_two_threads_verify_a_package_in_turn(publisher: FlaskClient, parts: Services) -> None:
    """Downloads that all find another fingerprint read the object once, not once each."""
    package = parts.packages.store.get(published(publisher)["id"])
    with parts.database.writing() as connection:
        connection.execute(text("UPDATE packages SET fingerprint = 'of another time'"))
    examined = []
    examine = parts.packages.reader.examine
    noted = patch.object(parts.packages.reader, "examine", lambda *given: examined.append(given) or examine(*given))
    with noted, ThreadPoolExecutor(4) as threads:
        verified = list(threads.map(parts.packages.reader.verify, [package] * 4))
    assert None not in verified
    assert len(examined) == 1


def test_reconcile_removes_what_nothing_refers_to(publisher: FlaskClient, parts: Services) -> None:
    """An upload that died after its last byte leaves nothing, and no published package is touched."""
    package = published(publisher)
    ledger = parts.reconciler.ledger
    orphan = ledger.reserve()
    parts.storage.write(orphan, Bytes(b"left over"))
    outcome = parts.reconciler.run(timedelta(0))
    assert outcome.abandoned == 1
    assert ledger.state(orphan) == "deleted"
    assert publisher.get(f"/api/v1/packages/{package['id']}/download").data == CONTENT
