"""Both dialects of uploads in pieces, as a client sees them: pieces come, and the last one publishes."""

import hashlib
import random

import pytest
from flask.testing import FlaskClient

from app.wiring import Services
from tests.api.conftest import problem_of
from tests.api.packages.publishing import put
from tests.api.uploads.looking import PART, downloaded, kept, packages
from tests.api.uploads.sending import (
    CONTENT,
    begin,
    create,
    created,
    draft,
    encoded,
    head,
    offset_of,
    sha256,
    tus,
)


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


def test_creation_with_upload(publisher: FlaskClient) -> None:
    """The body of the creation is the first piece, and may be the last."""
    response = create(publisher, data=CONTENT[:5])
    assert (response.status_code, offset_of(response)) == (201, 5)
    whole = create(publisher, data=CONTENT)
    assert (whole.status_code, offset_of(whole), whole.headers["Upload-Complete"]) == (201, len(CONTENT), "?1")
    assert downloaded(publisher) == sha256(CONTENT)


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
