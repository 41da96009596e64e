"""Channels in tests, with as few words as possible."""

from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse


def put_channel(client: FlaskClient, name: str = "stable", **fields: Any) -> TestResponse:
    """Put a channel; packages may be given as name=version."""
    body = {"description": "", "match": {}, "packages": [], **fields}
    if isinstance(body["packages"], dict):
        pairs = body["packages"].items()
        body["packages"] = [{"name": package, "version": version, "type": "top_level"} for package, version in pairs]
    return client.put(f"/api/v1/channels/{name}", json=body)


def channel(client: FlaskClient, name: str = "stable", **fields: Any) -> dict[str, Any]:
    """Put a channel that must be taken; returns its JSON."""
    response = put_channel(client, name, **fields)
    assert response.status_code in (200, 201), response.text
    content: dict[str, Any] = response.get_json()
    return content
