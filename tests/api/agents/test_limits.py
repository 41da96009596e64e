"""Limits in bytes on messages, before they are parsed; numbers that JSON can't carry."""

import contextlib
import resource
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app.agents import manager
from app.agents.wire import LIMITS
from app.offers.protobuf import MEDIA_TYPE, opamp
from app.wiring import Services
from tests.api.agents.conftest import See
from tests.api.agents.talking import FAILED, TalkingAgent, offered, packed
from tests.api.agents.test_messages import refusal
from tests.api.channels.setting import channel

MEBIBYTE = 2**20


def field(number: int, content: bytes) -> bytes:
    """A length-delimited field of a protobuf message."""
    length, encoded = len(content), bytearray()
    while length >= 0x80:
        encoded.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes([number << 3 | 2, *encoded, length]) + content


BOMBS = {
    "statuses": field(8, field(1, b"") * (16 * MEBIBYTE)),
    "attributes": field(3, field(1, b"") * (16 * MEBIBYTE)),
    "an array of values": field(3, field(1, field(2, field(5, field(1, b"") * (16 * MEBIBYTE))))),
    "components": field(5, field(6, b"") * (16 * MEBIBYTE)),
    "top-level fields": field(13, b"") * (16 * MEBIBYTE),
    "fields that nobody knows": field(15, b"") * (16 * MEBIBYTE),
    "pieces of one status list": field(8, field(1, b"")) * (8 * MEBIBYTE),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs(talking: TalkingAgent, name: str) -> None:
    """A small gzip of millions of empty fields: 400, and no more memory than twice its bytes and 32 MiB."""
    body = talking.message().SerializeToString() + BOMBS[name]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refusal(talking.post(packed(body), Content_Encoding="gzip"))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown * 1024 <= 2 * len(body) + 32 * MEBIBYTE


def test_what_is_not_kept_may_be_long(talking: TalkingAgent) -> None:
    """A configuration of 20 MiB is passed over."""
    message = talking.message(full=True)
    message.effective_config.config_map.config_map["a"].body = bytes(20 * MEBIBYTE)
    assert offered(talking.say(message)) is None


@pytest.mark.parametrize(("number", "limit"), [(number, limit.size) for number, limit in LIMITS.items()])
def test_sizes(talking: TalkingAgent, number: int, limit: int) -> None:
    """Each limit is for all pieces of a field together."""
    talking.introduce()
    body = talking.message().SerializeToString()
    unknown = field(9, bytes(limit // 2))
    assert talking.post(body + field(number, unknown)).status_code == 200
    refusal(talking.post(body + 2 * field(number, unknown)))


def test_health_of_components_is_not_kept(talking: TalkingAgent, see: See) -> None:
    """The agent's own is."""
    message = talking.message(full=True)
    message.health.healthy = True
    message.health.last_error = "none"
    message.health.component_health_map["receiver"].healthy = False
    talking.say(message)
    assert see(talking)["health"] == {"healthy": True, "status": "", "last_error": "none", "start_time": None}


def test_errors_are_cut_in_bytes(talking: TalkingAgent, see: See) -> None:
    """4,096 bytes, at a character."""
    status = talking.statuses.packages["p"]
    status.status, status.error_message = opamp.PackageStatusEnum_InstallFailed, "a" + "\u00e4" * 5000
    talking.introduce()
    assert see(talking)["packages"][0]["error"] == "a" + "\u00e4" * 2047


@pytest.mark.parametrize(
    ("number", "shown"),
    [(2.0**53, 2.0**53), (2.0**53 + 2, "9007199254740994.0"), (1e20, "1e+20"), (-1e300, "-1e+300")],
)
def test_doubles(talking: TalkingAgent, see: See, publisher: FlaskClient, number: float, shown: Any) -> None:
    """Beyond 2^53 they are text, in the agent and in every list of it."""
    message = talking.message(full=True)
    message.agent_description.identifying_attributes.add(key="number").value.double_value = number
    talking.say(message)
    assert see(talking)["attributes"]["number"] == shown
    assert publisher.get("/api/v1/agents").status_code == 200


def test_text_of_a_number_matches(
    stable: dict[str, Any], talking: TalkingAgent, publisher: FlaskClient, agent: FlaskClient
) -> None:
    """A channel that names the text that is shown fits the agent, and the same attributes in a question."""
    channel(publisher, "large", match={"number": "1e+20"}, packages={"opamp-agent": "latest"})
    message = talking.message(full=True)
    message.agent_description.identifying_attributes.add(key="number").value.double_value = 1e20
    assert offered(talking.say(message)) == {"opamp-agent": "1.0.0"}
    asked = agent.post("/api/v1/offers", json={"attributes": {**talking.attributes, "number": 1e20}})
    assert asked.headers["OpAMP-Channel"] == "large"


@pytest.mark.parametrize("number", [2**53 + 1, -(2**53) - 1, 1e30, 2**64, 10**400])
def test_a_channel_takes_exact_numbers_only(publisher: FlaskClient, number: float) -> None:
    """422, and the list of channels goes on."""
    response = publisher.put("/api/v1/channels/c", json={"match": {"k": number}, "packages": []})
    assert response.status_code == 422
    assert publisher.get("/api/v1/channels").get_json() == []


def test_numbers_of_before_spoil_no_list(talking: TalkingAgent, publisher: FlaskClient, parts: Services) -> None:
    """What an older version has stored is shown, by itself and among others."""
    talking.introduce()
    with parts.database.writing() as connection:
        connection.execute(text("UPDATE agents SET attributes = attributes || '{\"n\": 1e20}'"))
    assert publisher.get("/api/v1/agents").get_json()[0]["attributes"]["n"] == 10**20


def test_media_type(agent: FlaskClient) -> None:
    """An empty message is none."""
    refusal(agent.post("/v1/opamp", data=b"", content_type=MEDIA_TYPE))


def test_large_reports_take_turns(
    talking: TalkingAgent, agent: FlaskClient, parts: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two reports of more than 100 statuses are worked on at once: a third is 503 with Retry-After, others go on."""
    monkeypatch.setattr(manager, "LARGE_TIMEOUT", 0.0)
    talking.introduce()
    for number in range(manager.SMALL + 1):
        talking.statuses.packages[f"package-{number}"].name = f"package-{number}"
    with contextlib.ExitStack() as stack:
        for _ in range(manager.LARGE_AT_ONCE):
            stack.enter_context(parts.agents.manager.large_turns)
        refused = talking.post(talking.message(statuses=True).SerializeToString())
        assert (refused.status_code, "Retry-After" in refused.headers) == (503, True)
        TalkingAgent(agent).introduce()
    talking.report()


def test_a_thousand_statuses_are_kept(talking: TalkingAgent, see: See) -> None:
    """All are there as they were reported, and as they are reported anew."""
    talking.introduce()
    for number in range(1000):
        status = talking.statuses.packages[f"package-{number:03}"]
        status.name, status.status, status.error_message = f"package-{number:03}", FAILED, "first"
    talking.report()
    talking.statuses.packages["package-007"].error_message = "second"
    talking.report()
    errors = {package["name"]: package["error"] for package in see(talking)["packages"]}
    assert (len(errors), errors["package-006"], errors["package-007"]) == (1000, "first", "second")
