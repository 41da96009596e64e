"""Asking for an offer in tests."""

from typing import Any

from flask.testing import FlaskClient

LINUX = {"os.type": "linux", "host.arch": "amd64", "service.name": "collector"}


def ask(client: FlaskClient, **attributes: Any) -> Any:
    """Ask for the offer for these attributes; dots are written as two underscores."""
    named = {name.replace("__", "."): value for name, value in attributes.items()}
    return client.post("/api/v1/offers", json={"attributes": {**LINUX, **named}})


def versions(response: Any) -> dict[str, str]:
    """Name and version of what is offered."""
    return {name: package["version"] for name, package in response.get_json().get("packages", {}).items()}
