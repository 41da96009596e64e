"""Both dialects of uploads in pieces, as a client sees them."""

import hashlib
import random
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.wiring import Services
from tests.api.conftest import ClientFor, problem_of
from tests.api.packages.publishing import put
from tests.api.uploads.sending import (
    CONTENT,
    PATH,
    TUS,
    begin,
    create,
    created,
    draft,
    encoded,
    head,
    metadata,
    offset_of,
    sha256,
    tus,
)

PART = 8 << 20


def packages(client: FlaskClient) -> list[Any]:
    """What is published."""
    listed: list[Any] = client.get("/api/v1/packages").get_json()
    return listed


def downloaded(client: FlaskClient) -> str:
    """The SHA-256 of the only package's bytes."""
    [package] = packages(client)
    content = client.get(f"/api/v1/packages/{package['id']}/download").data
    assert sha256(content) == package["checksum"]
    return sha256(content)


@pytest.mark.parametrize("pieces", [1, 2, 5])
def test_tus_publishes_with_its_last_byte(publisher: FlaskClient, pieces: int) -> None:
    """Each piece is 204 with the new offset; the last one publishes."""
    path, step = created(publisher), -(-len(CONTENT) // pieces)
    for start in range(0, len(CONTENT), step):
        assert packages(publisher) == []
        response = tus(publisher, path, start, CONTENT[start : start + step])
        assert (response.status_code, offset_of(response)) == (204, min(start + step, len(CONTENT)))
        assert response.headers["Tus-Resumable"] == "1.0.0"
    assert downloaded(publisher) == sha256(CONTENT)


def test_draft_publishes_with_its_last_byte(publisher: FlaskClient) -> None:
    """The last piece is 201 with the package and its place, others 204."""
    begun = begin(publisher)
    assert (begun.status_code, offset_of(begun), begun.headers["Upload-Complete"]) == (201, 0, "?0")
    path = begun.headers["Location"].partition("8080")[2]
    assert draft(publisher, path, 0, CONTENT[:3]).status_code == 204
    last = draft(publisher, path, 3, CONTENT[3:], "?1")
    assert (last.status_code, last.headers["Upload-Complete"]) == (201, "?1")
    assert last.headers["Location"] == last.headers["Content-Location"]
    assert last.get_json()["checksum"] == sha256(CONTENT)


@pytest.mark.parametrize("size", [PART - 1, PART, PART + 1, 2 * PART, 3 * PART + 5])
def test_large_files_in_uneven_pieces(publisher: FlaskClient, size: int, parts: Services) -> None:
    """Wherever pieces and parts meet, the file comes out whole, and nothing else is left in storage."""
    content = random.randbytes(size)
    path, offset = created(publisher, size), 0
    for step in (1, PART - 2, 2, PART, 3, size):
        response = tus(publisher, path, offset, content[offset : min(offset + step, size)])
        assert response.status_code == 204, response.text
        offset = min(offset + step, size)
        if offset == size:
            break
        assert offset_of(head(publisher, path)) == offset
    assert downloaded(publisher) == sha256(content)
    assert kept(parts) == 1


def kept(parts: Services) -> int:
    """Objects that the ledger says are there."""
    from sqlalchemy import text  # noqa: PLC0415

    with parts.database.reading() as connection:
        return int(connection.execute(text("SELECT count(*) FROM objects WHERE state <> 'deleted'")).scalar_one())


def test_creation_with_upload(publisher: FlaskClient) -> None:
    """The body of the creation is the first piece, and may be the last."""
    response = create(publisher, data=CONTENT[:5])
    assert (response.status_code, offset_of(response)) == (201, 5)
    whole = create(publisher, data=CONTENT)
    assert (whole.status_code, offset_of(whole), whole.headers["Upload-Complete"]) == (201, len(CONTENT), "?1")
    assert downloaded(publisher) == sha256(CONTENT)


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


def test_after_a_lost_answer(publisher: FlaskClient) -> None:
    """HEAD says that it is complete, and an empty PATCH at the length gets the answer again."""
    path = created(publisher)
    first = draft(publisher, path, 0, CONTENT, "?1")
    told = head(publisher, path)
    assert (told.status_code, told.headers["Upload-Complete"], offset_of(told)) == (200, "?1", len(CONTENT))
    again = draft(publisher, path, len(CONTENT), b"", "?1")
    assert (again.status_code, again.get_json()) == (201, first.get_json())
    assert tus(publisher, path, len(CONTENT), b"").status_code == 204
    assert problem_of(tus(publisher, path, len(CONTENT), b"x"))["status"] == 413


def test_length_decides_and_not_upload_complete(publisher: FlaskClient) -> None:
    """tus-js-client says ?0 with the last piece, too."""
    assert draft(publisher, created(publisher), 0, CONTENT, "?0").status_code == 201
    assert len(packages(publisher)) == 1


def test_the_same_bytes_again(publisher: FlaskClient) -> None:
    """An upload of what is published already ends with 200 and the existing package."""
    assert put(publisher, CONTENT).status_code == 201
    path = created(publisher)
    response = draft(publisher, path, 0, CONTENT, "?1")
    assert (response.status_code, len(packages(publisher))) == (200, 1)


def test_a_declared_checksum_that_is_there(publisher: FlaskClient, parts: Services) -> None:
    """The draft answers at once with the package; other bytes are 409 at creation, in both dialects."""
    assert put(publisher, CONTENT).status_code == 201
    digest = encoded(hashlib.sha256(CONTENT).digest())
    response = begin(publisher, Repr_Digest=f"sha-256=:{digest}:")
    assert (response.status_code, response.headers["Upload-Complete"]) == (200, "?1")
    other = begin(publisher, Repr_Digest=f"sha-256=:{encoded(bytes(32))}:")
    assert problem_of(other)["status"] == 409
    assert problem_of(create(publisher, checksum="0" * 64))["status"] == 409
    assert parts.uploads.manager.store.count_open() == 0


@pytest.mark.parametrize(("send", "status"), [(tus, 422), (draft, 409)])
def test_other_bytes_at_the_coordinates(publisher: FlaskClient, send: Any, status: int, parts: Services) -> None:
    """Refused for good, and 410 with the reason from then on; nothing stays."""
    assert put(publisher, b"others").status_code == 201
    path = created(publisher)
    assert problem_of(send(publisher, path, 0, CONTENT))["type"].endswith(":package-exists")
    assert head(publisher, path).status_code == 410
    again = problem_of(send(publisher, path, 0, CONTENT))
    assert (again["status"], "other bytes" in again["detail"]) == (410, True)
    assert kept(parts) == 1


@pytest.mark.parametrize("size", [len(CONTENT), PART + 3])
def test_a_declared_checksum_that_differs(publisher: FlaskClient, size: int, parts: Services) -> None:
    """422, then 410, and the bytes go."""
    path = created(publisher, size, checksum="0" * 64)
    assert problem_of(tus(publisher, path, 0, bytes(size)))["type"].endswith(":digest-mismatch")
    assert head(publisher, path).status_code == 410
    assert (packages(publisher), kept(parts)) == ([], 0)


@pytest.mark.parametrize("algorithm", ["sha256", "sha1"])
def test_upload_checksum(publisher: FlaskClient, algorithm: str) -> None:
    """The piece counts all or not at all."""
    path = created(publisher)
    digest = encoded(hashlib.new(algorithm, CONTENT[:4]).digest())
    wrong = tus(publisher, path, 0, CONTENT[:5], Upload_Checksum=f"{algorithm} {digest}")
    assert (problem_of(wrong)["status"], offset_of(wrong)) == (460, 0)
    right = tus(publisher, path, 0, CONTENT[:4], Upload_Checksum=f"{algorithm} {digest}")
    assert (right.status_code, offset_of(right)) == (204, 4)


def test_content_digest(publisher: FlaskClient) -> None:
    """The draft's form of it, 422, over several parts."""
    size = 2 * PART + 3
    content = random.randbytes(size)
    path = created(publisher, size + 1)
    digest = f"sha-256=:{encoded(hashlib.sha256(content).digest())}:"
    wrong = draft(publisher, path, 0, bytes(size), Content_Digest=digest)
    assert (problem_of(wrong)["status"], offset_of(wrong)) == (422, 0)
    right = draft(publisher, path, 0, content, Content_Digest=digest)
    assert (right.status_code, offset_of(right)) == (204, size)
    assert draft(publisher, path, size, b"!").status_code == 201
    assert downloaded(publisher) == sha256(content + b"!")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/offset+octet-stream"}, 412),
        ({"Content-Type": "application/offset+octet-stream", "Tus-Resumable": "0.2.0"}, 412),
        ({"Content-Type": "application/partial-upload"}, 400),
        ({"Content-Type": "application/partial-upload", "Upload-Complete": "1"}, 400),
        ({"Upload-Offset": "x"}, 400),
        ({"Upload-Offset": "-1"}, 400),
        ({"Upload-Offset": "9" * 30}, 400),
        ({"Content-Range": "bytes 1-3/15"}, 400),
        ({"Content-Range": "bytes 0-4/15"}, 400),
        ({"Content-Range": "bytes 0-3/9"}, 400),
        ({"Content-Range": "lines 0-3/15"}, 400),
        ({"Upload-Checksum": "md5 AAAA"}, 400),
        ({"Upload-Checksum": "sha256 AAAA"}, 400),
        ({"Upload-Checksum": "sha256 !"}, 400),
        ({"Content-Encoding": "gzip"}, 415),
    ],
)
def test_bad_pieces(publisher: FlaskClient, headers: dict[str, str], status: int) -> None:
    """The contract's refusals; the upload stays as it was."""
    path = created(publisher)
    sent = {"Upload-Offset": "0", **TUS, "Content-Type": "application/offset+octet-stream", **headers}
    if headers.get("Content-Type") and "Tus-Resumable" not in headers:
        del sent["Tus-Resumable"]
    response = publisher.patch(path, headers=sent, data=CONTENT[:4])
    assert problem_of(response)["status"] == status
    assert status != 412 or response.headers["Tus-Version"] == "1.0.0"
    assert offset_of(head(publisher, path)) == 0


@pytest.mark.parametrize("total", [str(len(CONTENT)), "*"])
def test_an_agreeing_content_range(publisher: FlaskClient, total: str) -> None:
    """So curl -C works."""
    path = created(publisher)
    assert draft(publisher, path, 0, CONTENT[:4], Content_Range=f"bytes 0-3/{total}").status_code == 204


def test_more_and_fewer_than_are_missing(publisher: FlaskClient) -> None:
    """413 for more; 400 for ?1 with fewer."""
    path = created(publisher)
    assert problem_of(tus(publisher, path, 0, CONTENT + b"x"))["status"] == 413
    assert problem_of(draft(publisher, path, 0, CONTENT[:3], "?1"))["status"] == 400
    assert offset_of(head(publisher, path)) == 0


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload-Length": ""}, 400),
        ({"Upload-Length": "0"}, 422),
        ({"Upload-Length": "x"}, 400),
        ({"Upload-Length": "99999999999999999999999"}, 413),
        ({"Upload-Metadata": "name"}, 422),
        ({"Upload-Metadata": "name !!!"}, 400),
        ({"Upload-Metadata": "name YQ==,name YQ=="}, 400),
        ({"Upload-Metadata": "x " + "YWFh" * 1100}, 400),
        ({"Upload-Metadata": "name /w=="}, 400),
        ({"Upload-Metadata": metadata(name="a", version="1", platform="linux", arch="amd64")}, 422),
        ({"Upload-Metadata": metadata(name="a", version="1", platform="bad", arch="amd64", filename="a")}, 422),
        ({"Tus-Resumable": ""}, 412),
        ({"Upload-Concat": "partial"}, 400),
        ({"Content-Range": "bytes 0-1/2"}, 400),
    ],
)
def test_bad_creations(publisher: FlaskClient, headers: dict[str, str], status: int, parts: Services) -> None:
    """The contract's refusals; no upload is made."""
    fields = metadata(name="a", version="1", platform="linux", arch="amd64", filename="a")
    sent = {**TUS, "Upload-Length": "5", "Upload-Metadata": fields, **headers}
    response = publisher.post("/api/v1/uploads", headers={name: text for name, text in sent.items() if text})
    assert problem_of(response)["status"] == status
    assert parts.uploads.manager.store.count_open() == 0


def test_put_of_a_part_is_refused(publisher: FlaskClient) -> None:
    """As before, with and without Upload-Complete."""
    for headers in ({}, {"Upload-Complete": "?0", "Upload-Length": "9"}):
        response = publisher.put(PATH, headers={"Content-Range": "bytes 0-3/9", **headers}, data=b"abcd")
        assert problem_of(response)["status"] == 400


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
