"""Packages, channels and agents of the console's tests, as the API takes them."""

import io
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.accounts.roles import Role
from tests.api.agents.talking import TalkingAgent
from tests.console.site import Console


def api(console: Console, role: str = "admin") -> FlaskClient:
    """A client of the API with a token of this role."""
    with console.app.app_context():
        token = console.parts.accounts.create_token(f"{role} of fleets", Role.labelled(role), created_by="tests").token
    client = console.app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


def publish(client: FlaskClient, name: str, *versions: str) -> None:
    """Publish versions of a package for linux/amd64; what is there stays."""
    for version in versions:
        file = (io.BytesIO(f"{name} {version}".encode()), f"{name}.bin")
        fields = {"file": file, "name": name, "version": version, "platform": "linux", "arch": "amd64"}
        assert client.post("/api/v1/packages", data=fields).status_code in (200, 201)


def put(client: FlaskClient, name: str, match: dict[str, Any], **packages: str) -> None:
    """Make a channel; packages as name=version."""
    listed = [{"name": each, "version": version} for each, version in packages.items()]
    answer = client.put(f"/api/v1/channels/{name}", json={"match": match, "packages": listed})
    assert answer.status_code in (200, 201), answer.text


def settled(client: FlaskClient, **attributes: str) -> TalkingAgent:
    """An agent that has installed what it is offered."""
    talking = TalkingAgent(client, **{name.replace("_", "."): value for name, value in attributes.items()})
    answer = talking.introduce()
    if answer.HasField("packages_available"):
        talking.install(answer.packages_available)
    return talking


def form(name: str, match: dict[str, str], packages: dict[str, str], **fields: str) -> dict[str, Any]:
    """What the editor sends."""
    return {
        "name": name,
        "description": "",
        "match.key": list(match),
        "match.value": list(match.values()),
        "match.kind": ["text"] * len(match),
        "packages.name": list(packages),
        "packages.version": list(packages.values()),
        "packages.type": ["top_level"] * len(packages),
        "packages.more": [""] * len(packages),
        **fields,
    }


def hidden(answer: TestResponse, name: str) -> str:
    """The value of a page's hidden field; empty if it has none."""
    _, _, rest = answer.text.partition(f'type="hidden" name="{name}" value="')
    return rest.partition('"')[0]
