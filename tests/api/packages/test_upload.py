"""Publishing: forms and raw bytes, fields, uploads that come again."""

import base64
import hashlib
import io

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.accounts.roles import Role
from app.wiring import Services
from tests.api.conftest import PASSWORD, problem_of
from tests.api.packages.publishing import CONTENT, post, published, put, sha256


def states(parts: Services) -> dict[str, int]:
    """How many keys the ledger has in each state."""
    with parts.database.reading() as connection:
        return dict(connection.execute(text("SELECT state, count(*) FROM objects GROUP BY state")).all())


def test_a_form_publishes_a_package(publisher: FlaskClient) -> None:
    """201 with the whole package and where it is."""
    response = post(publisher, description="OpAMP Agent")
    package = response.get_json()
    assert response.status_code == 201
    assert response.headers["Location"] == f"http://127.0.0.1:8080/api/v1/packages/{package['id']}"
    assert package["checksum"] == sha256(CONTENT)
    assert package["file_size"] == len(CONTENT)
    assert package["file_name"] == "agent.bin"
    assert package["description"] == "OpAMP Agent"
    assert package["created_by"] == "publisher of the tests"
    assert package["is_active"] is True
    assert set(package) == {
        *("id", "name", "version", "platform", "arch", "file_name", "file_size", "checksum", "storage_path"),
        *("description", "is_active", "created_at", "updated_at", "created_by", "created_by_kind", "is_semver"),
        "download_url",
        "trust",
        "blocked",
    }


def test_a_package_says_where_its_bytes_are(publisher: FlaskClient) -> None:
    """download_url: absolute, by its coordinates, on the configured base, also in lists."""
    package = published(publisher, name="a+b", version="1.0.0~rc", file_name="agent ü.bin")
    path = "/api/v1/packages/a%2Bb/1.0.0~rc/linux/amd64/agent%20%C3%BC.bin"
    assert package["download_url"] == f"http://127.0.0.1:8080{path}"
    assert publisher.get("/api/v1/packages").get_json() == [package]
    assert publisher.get(path).data == CONTENT


@pytest.mark.parametrize(("version", "is_semver"), [("v1.0.0-rc.1+5", True), ("2026.11", False), ("1.0.0~rc", False)])
def test_a_package_says_whether_its_version_is_semver(publisher: FlaskClient, version: str, is_semver: bool) -> None:
    """One that is not sorts below all that are."""
    assert published(publisher, version=version)["is_semver"] is is_semver


def test_a_token_does_not_sign_as_a_user(publisher: FlaskClient, app: Flask, parts: Services) -> None:
    """A machine token may have a user's name: created_by_kind tells them apart."""
    assert published(publisher)["created_by_kind"] == "token"
    with app.app_context():
        parts.accounts.create_user("publisher", PASSWORD, Role.PUBLISHER)
    login = publisher.post("/api/v1/auth/login", json={"username": "publisher", "password": PASSWORD}).get_json()
    publisher.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {login['token']}"
    assert published(publisher, version="2.0.0")["created_by_kind"] == "user"


def test_other_bytes_are_told_what_to_do(publisher: FlaskClient) -> None:
    """409 says that there is one file for each version, platform and arch, and how to have two."""
    published(publisher)
    assert "opamp-agent-deb" in problem_of(post(publisher, b"a .deb"))["detail"]


def test_raw_bytes_publish_a_package(publisher: FlaskClient) -> None:
    """PUT by coordinates: name, version, platform, arch and file name from the path."""
    response = put(publisher, query_string={"description": "raw"}, content_type="application/x-tar")
    assert response.status_code == 201
    assert response.get_json()["description"] == "raw"
    download = publisher.get("/api/v1/packages/opamp-agent/1.0.0/linux/amd64/agent.bin")
    assert download.data == CONTENT
    assert download.content_type == "application/x-tar"


def test_the_stored_object_is_the_file(publisher: FlaskClient, parts: Services) -> None:
    """storage_path ends in the object's key, and the storage has the bytes under it."""
    path = published(publisher)["storage_path"]
    key = path.removeprefix(f"{parts.storage.location}/")
    assert parts.storage.stat(key).size == len(CONTENT)


@pytest.mark.parametrize(
    ("sent", "kept"), [("macOS", "darwin"), ("z_os", "zos"), ("Win64", "windows"), ("dragonflybsd", "dragonfly")]
)
def test_platform_aliases_are_kept_under_the_go_name(publisher: FlaskClient, sent: str, kept: str) -> None:
    """Fields, paths and filters take every alias and mean the same package."""
    package = published(publisher, platform=sent, arch="x64")
    assert (package["platform"], package["arch"]) == (kept, "amd64")
    filters = {"platform": sent, "arch": "x86-64"}
    assert len(publisher.get("/api/v1/packages", query_string=filters).get_json()) == 1
    assert publisher.get(f"/api/v1/packages/opamp-agent/1.0.0/{sent}/x86_64/agent.bin").status_code == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", None),
        ("version", None),
        ("platform", None),
        ("arch", None),
        ("name", ""),
        ("name", "-dash"),
        ("name", "a b"),
        ("name", "a" * 256),
        ("name", "a\n"),
        ("version", "1" * 51),
        ("version", "1/0"),
        ("platform", "beos"),
        ("arch", "z80"),
        ("description", "x" * 10_001),
        ("description", "a\x00b"),
        ("checksum", "abc"),
        ("unknown", "1"),
    ],
)
def test_a_wrong_field_is_named(publisher: FlaskClient, parts: Services, field: str, value: str | None) -> None:
    """422 names the field, and nothing of the upload stays."""
    response = post(publisher, **{field: value})
    assert response.status_code == 422
    assert field in problem_of(response)["errors"]
    assert publisher.get("/api/v1/packages").get_json() == []
    assert "live" not in states(parts)


def test_an_empty_file_is_refused(publisher: FlaskClient) -> None:
    """A package has at least one byte, both ways."""
    assert "file" in problem_of(post(publisher, b""))["errors"]
    assert "file" in problem_of(put(publisher, b"", environ_overrides={"CONTENT_LENGTH": "0"}))["errors"]


@pytest.mark.parametrize("name", ["upload", "package", "name"])
def test_a_file_in_another_field_is_told_where_it_belongs(publisher: FlaskClient, name: str) -> None:
    """The error of an unknown file field names the field `file`."""
    form = {"name": "a", "version": "1", "platform": "linux", "arch": "any", name: (io.BytesIO(CONTENT), "agent.bin")}
    problem = problem_of(publisher.post("/api/v1/packages", data=form))
    assert (problem["status"], list(problem["errors"])) == (422, [name])
    assert problem["detail"] == f"{name}: This is not the field for a file: send it as file."


def test_the_detail_has_the_first_error(publisher: FlaskClient) -> None:
    """Who reads `detail` alone knows what to mend, and that there is more."""
    problem = problem_of(post(publisher, version=None, arch="z80"))
    assert problem["detail"] == "version: Missing data for required field. (1 more in errors)"


def test_a_repeated_field_is_refused(publisher: FlaskClient) -> None:
    """Nobody guesses which of two names was meant."""
    response = post(publisher, name=["one", "two"])
    assert problem_of(response)["errors"]["name"] == ["Must not be repeated."]


def test_a_declared_checksum_is_verified(publisher: FlaskClient) -> None:
    """A form's `checksum` in either case, and another one is refused."""
    assert post(publisher, checksum=sha256(CONTENT).upper()).status_code == 201
    response = post(publisher, b"other", version="2.0.0", checksum=sha256(CONTENT))
    assert problem_of(response)["type"].endswith(":digest-mismatch")
    assert "checksum" in problem_of(response)["errors"]


def test_a_repr_digest_is_verified(publisher: FlaskClient) -> None:
    """RFC 9530: a right one passes, a wrong one is 422."""
    right = base64.b64encode(hashlib.sha256(CONTENT).digest()).decode()
    wrong = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    assert put(publisher, headers={"Repr-Digest": f"sha-256=:{wrong}:"}).status_code == 422
    assert put(publisher, headers={"Repr-Digest": f"sha-256=:{right}:"}).status_code == 201


def test_the_same_bytes_again_are_the_same_package(publisher: FlaskClient, parts: Services) -> None:
    """200 with the existing package unchanged, whatever else the second upload says."""
    first = published(publisher, description="first")
    again = post(publisher, description="second", file_name="other.bin")
    assert again.status_code == 200
    assert again.get_json() == first
    assert again.headers["Location"].endswith(f"/{first['id']}")
    assert states(parts) == {"live": 1, "deleted": 1}


def test_a_yanked_package_stays_yanked_when_its_bytes_come_again(publisher: FlaskClient) -> None:
    """An upload is no way to bring back what was withdrawn."""
    package = published(publisher)
    publisher.patch(f"/api/v1/packages/{package['id']}", json={"is_active": False})
    assert post(publisher).get_json()["is_active"] is False


def test_other_bytes_at_the_same_coordinates_are_refused(publisher: FlaskClient) -> None:
    """409, and the first upload stays whole."""
    package = published(publisher)
    assert problem_of(post(publisher, b"other bytes"))["status"] == 409
    assert publisher.get(f"/api/v1/packages/{package['id']}/download").data == CONTENT


def test_a_lost_object_is_repaired_by_the_same_bytes(publisher: FlaskClient, parts: Services) -> None:
    """200, and the package downloads again under its old id."""
    package = published(publisher)
    parts.storage.delete(package["storage_path"].removeprefix(f"{parts.storage.location}/"))
    url = f"/api/v1/packages/{package['id']}/download"
    assert problem_of(publisher.get(url))["status"] == 502
    assert post(publisher).status_code == 200
    assert publisher.get(url).data == CONTENT


def test_an_agent_may_not_publish(agent: FlaskClient) -> None:
    """403, form and raw."""
    assert problem_of(post(agent))["status"] == 403
    assert problem_of(put(agent))["status"] == 403


def test_a_file_over_the_limit_is_refused(publisher: FlaskClient, parts: Services) -> None:
    """413 from Content-Length, before a byte is read."""
    size = parts.config.packages.max_size + 1
    response = put(publisher, environ_overrides={"CONTENT_LENGTH": str(size)})
    assert problem_of(response)["status"] == 413


def test_the_wrong_content_type_of_a_form_is_refused(publisher: FlaskClient) -> None:
    """415 for JSON, 400 for a form without a boundary."""
    assert publisher.post("/api/v1/packages", json={}).status_code == 415
    assert publisher.post("/api/v1/packages", data=b"x", content_type="multipart/form-data").status_code == 400


@pytest.mark.parametrize("path", ["-x/1/linux/amd64/f", "x/1/beos/amd64/f", "x/1/linux/amd64/a\x01b"])
def test_wrong_coordinates_in_the_path_are_named(publisher: FlaskClient, path: str) -> None:
    """PUT: 422 with the field."""
    assert len(problem_of(put(publisher, path=path))["errors"]) == 1


def test_unknown_parameters_are_refused(publisher: FlaskClient) -> None:
    """422, on uploads too."""
    assert put(publisher, query_string={"colour": "red"}).status_code == 422
    assert (
        publisher.post("/api/v1/packages?x=1", data={}, content_type="multipart/form-data; boundary=b").status_code
        == 422
    )
