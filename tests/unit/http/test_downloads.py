"""Answers to downloads, by a Flask app with nothing else in it."""

import base64
import hashlib
import io
from datetime import UTC, datetime

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from app.errors import StorageUnavailable
from app.http import problems
from app.http.downloads.response import Download, send_object

CONTENT = bytes(range(256)) * 4
CHECKSUM = hashlib.sha256(CONTENT).hexdigest()
MODIFIED = datetime(2026, 11, 3, 12, 30, 15, 500_000, tzinfo=UTC)


class Reader(io.BytesIO):
    """An object's bytes that know their length."""

    length = 0


class Shelf:
    """A storage of one object that remembers what was opened."""

    def __init__(self, file_name: str = "agent.bin", content_type: str = "text/plain") -> None:
        self.download = Download(file_name, content_type, len(CONTENT), CHECKSUM, MODIFIED)
        self.opened: list[tuple[int, int]] = []
        self.readers: list[Reader] = []
        self.error: Exception | None = None

    def open(self, start: int, length: int) -> Reader:
        self.opened.append((start, length))
        if self.error:
            raise self.error
        self.readers.append(Reader(CONTENT[start : start + length]))
        return self.readers[-1]

    def client(self) -> FlaskClient:
        app = Flask(__name__)
        problems.register(app)

        @app.get("/download")
        def download() -> Response:
            return send_object(self.download, self.open)

        return app.test_client()


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def test_whole_file_has_all_headers(shelf: Shelf) -> None:
    """A plain GET carries every header that the contract names."""
    response = shelf.client().get("/download")
    assert response.status_code == 200
    assert response.data == CONTENT
    assert shelf.opened == [(0, len(CONTENT))]
    expected = {
        "Content-Length": "1024",
        "Content-Type": "text/plain",
        "Content-Disposition": "attachment; filename=agent.bin",
        "ETag": f'"{CHECKSUM}"',
        "Last-Modified": "Tue, 03 Nov 2026 12:30:15 GMT",
        "Accept-Ranges": "bytes",
        "Repr-Digest": f"sha-256=:{base64.b64encode(bytes.fromhex(CHECKSUM)).decode()}:",
        "X-Content-Type-Options": "nosniff",
    }
    assert {name: response.headers[name] for name in expected} == expected


def test_range_opens_only_its_bytes(shelf: Shelf) -> None:
    """The storage is asked for the range and no more."""
    response = shelf.client().get("/download", headers={"Range": "bytes=10-19"})
    assert (response.status_code, response.data) == (206, CONTENT[10:20])
    assert response.headers["Content-Range"] == "bytes 10-19/1024"
    assert response.headers["Content-Length"] == "10"
    assert response.headers["ETag"] == f'"{CHECKSUM}"'
    assert shelf.opened == [(10, 10)]


def test_head_is_the_get_without_its_body(shelf: Shelf) -> None:
    """HEAD has the headers of a whole GET, also with a Range, and never asks the storage."""
    whole = shelf.client().get("/download")
    shelf.opened.clear()
    head = shelf.client().head("/download", headers={"Range": "bytes=10-19", "If-Range": '"x"'})
    assert (head.status_code, head.data, shelf.opened) == (200, b"", [])
    assert dict(head.headers) == dict(whole.headers)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [({"If-None-Match": f'W/"{CHECKSUM}"'}, 304), ({"If-Match": '"x"'}, 412)],
)
def test_conditions_are_answered_without_storage(
    shelf: Shelf, method: str, headers: dict[str, str], status: int
) -> None:
    """304 and 412 come from the row, on HEAD too."""
    response = shelf.client().open("/download", method=method, headers={**headers, "Range": "bytes=0-1"})
    assert (response.status_code, shelf.opened) == (status, [])
    if status == 304:
        assert (response.headers["ETag"], response.data) == (f'"{CHECKSUM}"', b"")
    else:
        assert response.content_type == "application/problem+json"


def test_range_beyond_the_end_names_the_size(shelf: Shelf) -> None:
    """416 carries the size and comes from the row."""
    response = shelf.client().get("/download", headers={"Range": "bytes=1024-"})
    assert (response.status_code, response.headers["Content-Range"]) == (416, "bytes */1024")
    assert response.get_json()["type"] == "urn:opamp-packages:problem:range-not-satisfiable"
    assert shelf.opened == []


@pytest.mark.parametrize(
    ("file_name", "disposition"),
    [
        ("a b.bin", 'attachment; filename="a b.bin"'),
        ('a"b.bin', 'attachment; filename="a\\"b.bin"'),
        ("größe.bin", "attachment; filename=groe.bin; filename*=UTF-8''gr%C3%B6%C3%9Fe.bin"),
        ("配置", "attachment; filename=\"\"; filename*=UTF-8''%E9%85%8D%E7%BD%AE"),
    ],
)
def test_file_name_is_sent_by_rfc_6266(file_name: str, disposition: str) -> None:
    """Quotes are escaped, and a name beyond ASCII comes in its extended form too."""
    response = Shelf(file_name).client().get("/download")
    assert response.headers["Content-Disposition"] == disposition


def test_reader_is_closed_with_the_response(shelf: Shelf) -> None:
    """The storage's connection is given back, whether the body was read or not."""
    shelf.client().get("/download").close()
    assert shelf.readers[0].closed


def test_storage_that_does_not_answer_is_a_503(shelf: Shelf) -> None:
    """The object is opened before a header is sent, so that the failure has its own status."""
    shelf.error = StorageUnavailable()
    assert shelf.client().get("/download").status_code == 503
