"""Publishing packages in tests, with as few words as possible."""

import hashlib
import io
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

FIELDS = {"name": "opamp-agent", "version": "1.0.0", "platform": "linux", "arch": "amd64"}
CONTENT = b"\x7fELF the agent"


def sha256(content: bytes) -> str:
    """The checksum in hex."""
    return hashlib.sha256(content).hexdigest()


def post(client: FlaskClient, content: bytes = CONTENT, file_name: str = "agent.bin", **fields: Any) -> TestResponse:
    """Upload a form; a field given as None is left out."""
    form = {name: value for name, value in {**FIELDS, **fields}.items() if value is not None}
    return client.post("/api/v1/packages", data={"file": (io.BytesIO(content), file_name), **form})


def put(client: FlaskClient, content: bytes = CONTENT, path: str = "", **options: Any) -> TestResponse:
    """Upload raw bytes."""
    return client.put(f"/api/v1/packages/{path or 'opamp-agent/1.0.0/linux/amd64/agent.bin'}", data=content, **options)


def published(client: FlaskClient, content: bytes = CONTENT, **fields: Any) -> dict[str, Any]:
    """Upload a form that must create a package; returns its JSON."""
    response = post(client, content, **fields)
    assert response.status_code == 201, response.text
    package: dict[str, Any] = response.get_json()
    return package
