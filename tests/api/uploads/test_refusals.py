"""What uploads in pieces refuse: bad creations, bad pieces, other digests and other bytes."""

import hashlib
import random
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.wiring import Services
from tests.api.conftest import problem_of
from tests.api.packages.publishing import put
from tests.api.uploads.looking import PART, downloaded, kept, packages
from tests.api.uploads.sending import (
    CONTENT,
    PATH,
    TUS,
    created,
    draft,
    encoded,
    head,
    metadata,
    offset_of,
    sha256,
    tus,
)


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
