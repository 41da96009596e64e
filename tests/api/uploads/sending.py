"""Uploads in pieces in tests, with as few words as possible."""

import base64
import hashlib
from typing import Any
from urllib.parse import urlsplit

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.api.packages.publishing import FIELDS

PATH = "/api/v1/packages/opamp-agent/1.0.0/linux/amd64/agent.bin"
TUS = {"Tus-Resumable": "1.0.0"}
CONTENT = b"\x7fELF the agent"


def encoded(content: bytes) -> str:
    """Base64."""
    return base64.b64encode(content).decode()


def metadata(**fields: str) -> str:
    """Upload-Metadata of these fields."""
    return ",".join(f"{name} {encoded(text.encode())}" for name, text in fields.items())


def create(client: FlaskClient, length: int = len(CONTENT), *, data: bytes = b"", **fields: Any) -> TestResponse:
    """Create an upload by tus; a field given as None is left out. `data`: its first piece."""
    sent = {name: text for name, text in {"filename": "agent.bin", **FIELDS, **fields}.items() if text is not None}
    headers = {**TUS, "Upload-Length": str(length), "Upload-Metadata": metadata(**sent)}
    if data:
        headers["Content-Type"] = "application/offset+octet-stream"
    return client.post("/api/v1/uploads", headers=headers, data=data)


def begin(client: FlaskClient, length: int = len(CONTENT), *, data: bytes = b"", **headers: str) -> TestResponse:
    """Create an upload by the draft."""
    sent = {"Upload-Complete": "?0", "Upload-Length": str(length), **named(headers)}
    return client.put(PATH, headers=sent, data=data)


def created(client: FlaskClient, length: int = len(CONTENT), **fields: Any) -> str:
    """The path of a new upload."""
    response = create(client, length, **fields)
    assert response.status_code == 201, response.text
    return urlsplit(response.headers["Location"]).path


def tus(client: FlaskClient, path: str, offset: int, data: bytes, **headers: str) -> TestResponse:
    """A PATCH of tus."""
    sent = {**TUS, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream", **named(headers)}
    return client.patch(path, headers=sent, data=data)


def draft(
    client: FlaskClient, path: str, offset: int, data: bytes, complete: str = "?0", **headers: str
) -> TestResponse:
    """A PATCH of the draft."""
    sent = {"Upload-Offset": str(offset), "Content-Type": "application/partial-upload", "Upload-Complete": complete}
    return client.patch(path, headers={**sent, **named(headers)}, data=data)


def head(client: FlaskClient, path: str) -> TestResponse:
    """How far it is."""
    return client.head(path, headers=TUS)


def offset_of(response: TestResponse) -> int:
    """The offset that an answer tells."""
    return int(response.headers["Upload-Offset"])


def named(headers: dict[str, str]) -> dict[str, str]:
    """Keyword arguments as names of headers."""
    return {name.replace("_", "-"): text for name, text in headers.items()}


def sha256(content: bytes) -> str:
    """The checksum in hex."""
    return hashlib.sha256(content).hexdigest()
