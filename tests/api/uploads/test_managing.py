"""Uploads in pieces as resources: what answers say, the list, whose they are, and their end."""

import pytest
from flask.testing import FlaskClient

from app.wiring import Services
from tests.api.conftest import ClientFor, problem_of
from tests.api.uploads.looking import PART, downloaded, kept
from tests.api.uploads.sending import (
    CONTENT,
    TUS,
    create,
    created,
    head,
    offset_of,
    sha256,
    tus,
)


def test_answers_about_an_upload(publisher: FlaskClient) -> None:
    """All carry how far it is, until when, and that they are not to be stored."""
    path = created(publisher, relativePath="null", name="opamp-agent")
    response = head(publisher, path)
    assert response.status_code == 200
    for name in ("Upload-Offset", "Upload-Length", "Upload-Complete", "Upload-Expires", "Upload-Limit"):
        assert name in response.headers
    assert response.headers["Cache-Control"] == "no-store"
    assert "relativePath" in response.headers["Upload-Metadata"]
    wrong = tus(publisher, path, 3, b"x")
    assert (problem_of(wrong)["status"], offset_of(wrong)) == (409, 0)


def test_options_needs_no_token(client: FlaskClient) -> None:
    """What of tus is spoken."""
    response = client.options("/api/v1/uploads")
    assert response.status_code == 204
    assert response.headers["Tus-Version"] == "1.0.0"
    assert response.headers["Tus-Checksum-Algorithm"] == "sha256,sha1"
    assert response.headers["Tus-Extension"] == "creation,creation-with-upload,expiration,checksum,termination"
    assert int(response.headers["Tus-Max-Size"]) > 0


def test_another_s_upload_is_none(client_for: ClientFor, admin: FlaskClient, parts: Services) -> None:
    """404 for others, not for admins."""
    path = created(client_for("publisher"))
    other = client_for("publisher")
    for response in (head(other, path), tus(other, path, 0, CONTENT), other.delete(path)):
        assert response.status_code == 404
    assert head(admin, path).status_code == 200
    assert other.get("/api/v1/uploads").get_json() == []
    assert len(admin.get("/api/v1/uploads").get_json()) == 1
    assert problem_of(client_for("agent").post("/api/v1/uploads"))["status"] == 403


@pytest.mark.parametrize("upload_id", ["x", "0" * 32, "0" * 31, "%00", "%ED%A0%80", "a" * 3000])
def test_no_such_upload(publisher: FlaskClient, upload_id: str) -> None:
    """Whatever stands in the path: 404."""
    path = f"/api/v1/uploads/{upload_id}"
    for response in (head(publisher, path), tus(publisher, path, 0, CONTENT), publisher.delete(path, headers=TUS)):
        assert response.status_code == 404


def test_list(publisher: FlaskClient) -> None:
    """Pages and filters; it takes over none."""
    paths = [created(publisher, version=version) for version in ("1.0", "2.0", "3.0")]
    tus(publisher, paths[0], 0, CONTENT[:4])
    first = publisher.get("/api/v1/uploads?limit=2")
    assert [upload["version"] for upload in first.get_json()] == ["1.0", "2.0"]
    rest = publisher.get(first.headers["Link"].partition("<")[2].partition(">")[0])
    assert [upload["version"] for upload in rest.get_json()] == ["3.0"]
    [found] = publisher.get("/api/v1/uploads?version=1.0&platform=linux").get_json()
    assert (found["offset"], found["length"], found["url"].endswith(paths[0])) == (4, len(CONTENT), True)
    assert found["idle_seconds"] >= 0
    assert problem_of(publisher.get("/api/v1/uploads?q=x"))["status"] == 422


def test_delete(publisher: FlaskClient, parts: Services) -> None:
    """The upload and its bytes go; a package stays."""
    path = created(publisher, 2 * PART)
    tus(publisher, path, 0, bytes(PART + 5))
    assert publisher.delete(path).status_code == 204
    assert (head(publisher, path).status_code, kept(parts)) == (404, 0)
    done = created(publisher)
    tus(publisher, done, 0, CONTENT)
    assert publisher.delete(done).status_code == 204
    assert downloaded(publisher) == sha256(CONTENT)


def test_method_override(publisher: FlaskClient) -> None:
    """POST with X-HTTP-Method-Override is that method; without it 405."""
    path = created(publisher)
    sent = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    override = {"X-HTTP-Method-Override": "PATCH"}
    assert publisher.post(path, headers={**sent, **override}, data=b"\x7f").status_code == 204
    assert problem_of(publisher.post(path, headers=sent))["status"] == 405
    assert publisher.post(path, headers={**TUS, "X-HTTP-Method-Override": "DELETE"}).status_code == 204


def test_too_many(publisher: FlaskClient, client_for: ClientFor) -> None:
    """A 33rd open upload of one owner is 429, until one has ended; others have their own."""
    paths = [created(publisher, version=str(number)) for number in range(32)]
    assert problem_of(create(publisher))["status"] == 429
    assert created(client_for("publisher"))
    publisher.delete(paths[0])
    assert create(publisher).status_code == 201


def test_metrics(publisher: FlaskClient) -> None:
    """Open uploads, by the database, and those that ended."""
    created(publisher)
    lines = publisher.get("/metrics").text.splitlines()
    assert "opamp_packages_resumable_uploads 1" in lines
    assert any(line.startswith('opamp_packages_resumable_uploads_total{outcome="created"}') for line in lines)
