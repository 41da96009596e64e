"""JSON that functions write by hand has just the keys that its schema, and so the OpenAPI document, describes."""

from typing import Any

from flask.testing import FlaskClient
from marshmallow import Schema

from app.accounts.schemas import CallerSchema, TokenSchema
from app.agents.schemas import AgentHealthSchema, AgentPackageSchema, AgentSchema, OwnerSchema
from app.channels.schemas import ChannelSchema
from app.offers.protobuf import opamp
from app.packages.schemas import PackageSchema
from app.signatures.policy_schemas import PolicySchema
from app.signatures.schemas import SignatureSchema
from tests.api.agents.talking import INSTALLED, TalkingAgent
from tests.api.channels.setting import channel
from tests.api.packages.publishing import published
from tests.api.signatures.signing import policy, raw, sign


def keys(schema: type[Schema]) -> set[str]:
    """The names of a schema's fields in JSON."""
    return {field.data_key or name for name, field in schema().fields.items()}


def test_package(publisher: FlaskClient) -> None:
    """In a detail as in a list."""
    package = published(publisher)
    (listed,) = publisher.get("/api/v1/packages").get_json()
    detail = publisher.get(f"/api/v1/packages/{package['id']}").get_json()
    assert set(package) == set(listed) == set(detail) == keys(PackageSchema)


def test_channel(publisher: FlaskClient) -> None:
    """As it is put and as it is listed."""
    put = channel(publisher)
    (listed,) = publisher.get("/api/v1/channels").get_json()
    assert set(put) == set(listed) == keys(ChannelSchema)


def test_agent(agent: FlaskClient, publisher: FlaskClient) -> None:
    """With its health, its owner and its packages."""
    talking = TalkingAgent(agent)
    talking.statuses.packages["p"].status = INSTALLED
    message = talking.message(full=True)
    message.health.CopyFrom(opamp.ComponentHealth(healthy=True))
    talking.say(message)
    shown: dict[str, Any] = publisher.get(f"/api/v1/agents/{talking.uid}").get_json()
    assert set(shown) == keys(AgentSchema)
    assert set(shown["health"]) == keys(AgentHealthSchema)
    assert set(shown["owner"]) == keys(OwnerSchema)
    assert set(shown["packages"][0]) == keys(AgentPackageSchema)


def test_signature_and_policy(admin: FlaskClient) -> None:
    """As they are put and as they are listed."""
    added = sign(admin, published(admin), raw()).get_json()
    (listed,) = admin.get("/api/v1/packages/1/signatures").get_json()
    assert set(added) == set(listed) == keys(SignatureSchema)
    put = policy(admin)
    (shown,) = admin.get("/api/v1/policies").get_json()
    assert set(put) == set(shown) == keys(PolicySchema)


def test_caller_and_token(admin: FlaskClient) -> None:
    """Those that marshmallow writes, too."""
    assert set(admin.get("/api/v1/me").get_json()) == keys(CallerSchema)
    assert set(admin.get("/api/v1/tokens").get_json()[0]) == keys(TokenSchema)
