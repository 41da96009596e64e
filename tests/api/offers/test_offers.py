"""Offers over HTTP: which channel, which files."""

import base64
import hashlib
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.offers.protobuf import MEDIA_TYPE, opamp
from tests.api.channels.setting import channel
from tests.api.conftest import ClientFor, problem_of
from tests.api.offers.asking import LINUX, ask, versions
from tests.api.packages.publishing import CONTENT, published, put


def test_an_offer_in_json(publisher: FlaskClient, agent: FlaskClient) -> None:
    """URL, headers, content hash and hashes, in the protobuf JSON mapping."""
    published(publisher, file_name="ágent v1.tar.gz")
    channel(publisher, "linux", packages=[{"name": "opamp-agent", "version": "latest", "type": "addon"}])
    response = ask(agent)
    assert response.status_code == 200
    assert response.headers["OpAMP-Channel"] == "linux"
    offered = response.get_json()["packages"]["opamp-agent"]
    assert offered["type"] == "PackageType_Addon"
    assert offered["version"] == "1.0.0"
    url = "http://127.0.0.1:8080/api/v1/packages/opamp-agent/1.0.0/linux/amd64/%C3%A1gent%20v1.tar.gz"
    assert offered["file"]["downloadUrl"] == url
    assert base64.b64decode(offered["file"]["contentHash"]) == hashlib.sha256(CONTENT).digest()
    (header,) = offered["file"]["headers"]["headers"]
    assert (header["key"], header["value"].split()[0]) == ("Authorization", "Bearer")
    assert len(base64.b64decode(offered["hash"])) == 32
    assert len(base64.b64decode(response.get_json()["allPackagesHash"])) == 32


def test_an_offer_as_protobuf(publisher: FlaskClient, agent: FlaskClient) -> None:
    """The same message in bytes, if Accept prefers that."""
    published(publisher)
    channel(publisher, packages={"opamp-agent": "1.0.0"})
    in_json = ask(agent).get_json()
    body = {"attributes": LINUX}
    for accept in (MEDIA_TYPE, f"application/json;q=0.5, {MEDIA_TYPE}"):
        response = agent.post("/api/v1/offers", json=body, headers={"Accept": accept})
        assert response.content_type == MEDIA_TYPE
        message = opamp.PackagesAvailable.FromString(response.data)
        assert message.all_packages_hash == base64.b64decode(in_json["allPackagesHash"])
        assert message.packages["opamp-agent"].version == "1.0.0"
    for accept in ("*/*", "text/html", f"{MEDIA_TYPE};q=0.1, application/json"):
        response = agent.post("/api/v1/offers", json=body, headers={"Accept": accept})
        assert response.content_type == "application/json"


def test_the_host_header_plays_no_part(publisher: FlaskClient, agent: FlaskClient) -> None:
    """Links begin with the configured URL, whatever the client calls the host."""
    published(publisher)
    channel(publisher, packages={"opamp-agent": "latest"})
    response = agent.post("/api/v1/offers", json={"attributes": LINUX}, headers={"Host": "evil.example"})
    assert "evil" not in response.text


def test_no_channel_fits(publisher: FlaskClient, agent: FlaskClient) -> None:
    """An empty offer with a hash and without the header."""
    published(publisher)
    channel(publisher, match={"service.name": "other"}, packages={"opamp-agent": "latest"})
    response = ask(agent)
    assert "OpAMP-Channel" not in response.headers
    assert list(response.get_json()) == ["allPackagesHash"]


def test_an_empty_channel(publisher: FlaskClient, agent: FlaskClient) -> None:
    """An empty offer that names its channel: this one is meant to empty agents."""
    channel(publisher, "nothing")
    response = ask(agent)
    assert response.headers["OpAMP-Channel"] == "nothing"
    assert list(response.get_json()) == ["allPackagesHash"]


def test_the_channel_that_matches_most_wins(publisher: FlaskClient, agent: FlaskClient) -> None:
    """More matching keys first, then the smaller name; a value must be exactly equal."""
    channel(publisher, "every")
    channel(publisher, "z-one", match={"service.name": "collector"})
    channel(publisher, "y-one", match={"service.name": "collector"})
    assert ask(agent).headers["OpAMP-Channel"] == "y-one"
    channel(publisher, "two", match={"service.name": "collector", "canary": True})
    assert ask(agent).headers["OpAMP-Channel"] == "y-one"
    assert ask(agent, canary=True).headers["OpAMP-Channel"] == "two"
    assert ask(agent, canary=1).headers["OpAMP-Channel"] == "y-one"
    assert ask(agent, canary="true").headers["OpAMP-Channel"] == "y-one"
    assert ask(agent, service__name="other").headers["OpAMP-Channel"] == "every"


def test_latest_is_per_platform(publisher: FlaskClient, agent: FlaskClient) -> None:
    """Windows agents stay on theirs until the new version is there for them; pre-releases are for no one."""
    for version, platform in (("1.9.0", "linux"), ("1.10.0", "linux"), ("1.9.0", "windows"), ("2.0.0-rc.1", "linux")):
        published(publisher, version=version, platform=platform)
    channel(publisher, packages={"opamp-agent": "latest"})
    assert versions(ask(agent)) == {"opamp-agent": "1.10.0"}
    assert versions(ask(agent, os__type="windows")) == {"opamp-agent": "1.9.0"}


def test_yanking(publisher: FlaskClient, agent: FlaskClient) -> None:
    """What is yanked is latest no more, and stays offered where it is pinned."""
    published(publisher)
    newer = published(publisher, version="1.1.0")
    channel(publisher, "follows", packages={"opamp-agent": "latest"})
    channel(publisher, "pins", match={"pinned": True}, packages={"opamp-agent": "1.1.0"})
    publisher.patch(f"/api/v1/packages/{newer['id']}", json={"is_active": False})
    assert versions(ask(agent)) == {"opamp-agent": "1.0.0"}
    assert versions(ask(agent, pinned=True)) == {"opamp-agent": "1.1.0"}


@pytest.mark.parametrize("version", ["latest", "1.0.0"])
def test_the_exact_arch_before_any(publisher: FlaskClient, agent: FlaskClient, version: str) -> None:
    """A file for the agent's arch, in any alias, before one for `any`, even if that is newer."""
    published(publisher, arch="any", version="1.0.0")
    published(publisher, arch="arm64", version="1.0.0")
    published(publisher, arch="any", version="1.0.1")
    channel(publisher, packages={"opamp-agent": version})
    exact = ask(agent, os__type="Linux", host__arch="AARCH64").get_json()["packages"]["opamp-agent"]
    assert "/1.0.0/linux/arm64/" in exact["file"]["downloadUrl"]
    other = ask(agent, host__arch="mips").get_json()["packages"]["opamp-agent"]
    assert "/linux/any/" in other["file"]["downloadUrl"]
    unknown = ask(agent, host__arch="quantum").get_json()["packages"]["opamp-agent"]
    assert "/linux/any/" in unknown["file"]["downloadUrl"]


@pytest.mark.parametrize(
    "attributes", [{"os__type": "darwin"}, {"os__type": "beos"}, {"os__type": 5}, {"os__type": None}]
)
def test_no_file_for_the_platform(publisher: FlaskClient, agent: FlaskClient, attributes: dict[str, Any]) -> None:
    """The package is left out, and the answer counts it."""
    published(publisher)
    channel(publisher, packages={"opamp-agent": "latest"})
    response = ask(agent, **attributes)
    assert versions(response) == {}
    assert (response.headers["OpAMP-Channel"], response.headers["OpAMP-Unresolved"]) == ("stable", "1")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"attributes": None}, 422),
        ({"attributes": []}, 422),
        ({"attributes": {"a\0": "b"}}, 422),
        ({"attributes": {}, "other": 1}, 422),
        ({"attributes": {"a": "x" * 70_000}}, 422),
        ([], 422),
    ],
)
def test_bad_questions(agent: FlaskClient, body: object, status: int) -> None:
    """422, as everywhere."""
    assert problem_of(agent.post("/api/v1/offers", json=body))["status"] == status


def test_any_attribute_value_may_be_sent(agent: FlaskClient, publisher: FlaskClient) -> None:
    """Lists, maps and null are attributes too; they match nothing."""
    channel(publisher, match={"a": "b"})
    assert ask(agent, a=["b"], b={"c": None}, c=None).status_code == 200
    assert "OpAMP-Channel" not in ask(agent, a=["b"]).headers


def test_a_token_is_needed(client: FlaskClient, client_for: ClientFor) -> None:
    """401 without one; an agent's is enough."""
    assert ask(client).status_code == 401
    assert ask(client_for("agent")).status_code == 200


def test_a_put_file_is_offered(publisher: FlaskClient, agent: FlaskClient) -> None:
    """A raw upload at the canonical place of its alias."""
    assert put(publisher, path="opamp-agent/3.0.0/macos/x86_64/agent.pkg").status_code == 201
    channel(publisher, packages={"opamp-agent": "3.0.0"})
    assert versions(ask(agent, os__type="darwin")) == {"opamp-agent": "3.0.0"}
