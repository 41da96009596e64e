"""The agents' endpoint as HTTP: what is taken, what is refused, and in which form."""

import math
import struct
import threading
import uuid
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.offers.protobuf import MEDIA_TYPE, opamp
from tests.api.agents.conftest import See
from tests.api.agents.talking import INSTALLED, TalkingAgent, asks_full_state, offered, packed
from tests.api.conftest import ClientFor, problem_of

LIMIT = 64 * 2**20


def refusal(response: Any) -> Any:
    """The ServerErrorResponse that a response is; fails if it is none."""
    assert response.status_code == 400
    assert response.content_type == MEDIA_TYPE
    answer = opamp.ServerToAgent.FromString(response.data)
    assert answer.error_response.type == opamp.ServerErrorResponseType_BadRequest
    assert answer.error_response.error_message
    return answer.error_response


def test_gzip(talking: TalkingAgent) -> None:
    """A packed message is unpacked, in any case of the coding's name."""
    for coding in ("gzip", "GZIP", "identity"):
        content = talking.message(full=True).SerializeToString()
        body = content if coding == "identity" else packed(content)
        assert talking.post(body, Content_Encoding=coding).status_code == 200


@pytest.mark.parametrize(
    "body", [b"\xff", b"\x0a\x10short", b"{}", b"\x1a\xff\xff\xff\xff\x0f", b"\x0a" * 1000, bytes(100)]
)
def test_no_protobuf(talking: TalkingAgent, body: bytes) -> None:
    """400 with a ServerErrorResponse."""
    refusal(talking.post(body))


def test_every_truncation_is_answered(talking: TalkingAgent) -> None:
    """A message cut anywhere is a message or a 400, and never an error of ours."""
    talking.statuses.packages["p"].name = "p"
    whole = talking.message(full=True).SerializeToString()
    for length in range(0, len(whole), 3):
        assert talking.post(whole[:length]).status_code in (200, 400)


@pytest.mark.parametrize("uid", [b"", b"x", bytes(15), bytes(17), b"01234567-89ab-cdef-0123-456789abcdef"])
def test_wrong_uids(talking: TalkingAgent, uid: bytes) -> None:
    """Anything but 16 bytes is refused."""
    message = opamp.AgentToServer(instance_uid=uid, sequence_num=1)
    assert "16" in refusal(talking.post(message.SerializeToString())).error_message


def test_invalid_utf8_in_a_string(talking: TalkingAgent) -> None:
    """No protobuf, since a string has to be UTF-8."""
    whole = talking.message(full=True).SerializeToString()
    refusal(talking.post(whole.replace(b"linux", b"lin\xff\xff")))


@pytest.mark.parametrize("body", [b"no gzip", b"", packed(b"x" * 100)[:-5], packed(b"") + b"more", packed(b"")[:5]])
def test_broken_gzip(talking: TalkingAgent, body: bytes) -> None:
    """400 as the protobuf message."""
    refusal(talking.post(body, Content_Encoding="gzip"))


def test_a_gzip_bomb(talking: TalkingAgent) -> None:
    """Refused as soon as it has grown over the limit: 413."""
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(2**20)) for _ in range(66)) + packer.flush()
    assert len(bomb) < 2**17
    assert problem_of(talking.post(bomb, Content_Encoding="gzip"))["status"] == 413


def test_a_body_over_the_limit(talking: TalkingAgent) -> None:
    """413 from its Content-Length, before it is read."""
    response = talking.client.post(
        "/v1/opamp",
        data=b"",
        headers={"Content-Type": MEDIA_TYPE},
        environ_overrides={"CONTENT_LENGTH": str(LIMIT + 1)},
    )
    assert problem_of(response)["status"] == 413


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Type": "application/json"},
        {"Content_Type": "application/octet-stream"},
        {"Content_Encoding": "br"},
        {"Content_Encoding": "gzip, gzip"},
    ],
)
def test_other_types_and_codings(talking: TalkingAgent, headers: dict[str, str]) -> None:
    """415, as a problem."""
    assert problem_of(talking.post(talking.message(full=True).SerializeToString(), **headers))["status"] == 415


def test_tokens(talking: TalkingAgent, app: Flask, client_for: ClientFor) -> None:
    """401 without one, before anything is looked at; every role may speak."""
    without = app.test_client().post("/v1/opamp", data=b"\xff", headers={"Content-Type": "text/plain"})
    assert problem_of(without)["status"] == 401
    assert TalkingAgent(client_for("admin")).introduce() is not None
    assert problem_of(talking.client.get("/v1/opamp"))["status"] == 405
    assert problem_of(talking.client.post("/v1/opamp/"))["status"] == 404


def test_an_unknown_agent(talking: TalkingAgent, publisher: FlaskClient) -> None:
    """Asked for its full state until it gives one; nothing is kept of it before."""
    for _ in range(3):
        assert asks_full_state(talking.poll())
    assert publisher.get("/api/v1/agents").get_json() == []
    assert not asks_full_state(talking.introduce())
    assert len(publisher.get("/api/v1/agents").get_json()) == 1


def test_a_gap(talking: TalkingAgent) -> None:
    """A message was missed: the full state is asked for, once."""
    talking.introduce()
    talking.poll()
    talking.sequence_num += 1
    assert asks_full_state(talking.poll())
    assert not asks_full_state(talking.introduce())
    assert not asks_full_state(talking.poll())


@pytest.mark.parametrize("number", [0, 2**31, 2**32, 2**63 - 1, 2**63, 2**64 - 1])
def test_all_sequence_numbers(talking: TalkingAgent, number: int) -> None:
    """All of 64 bits, and around the end of them."""
    talking.sequence_num = number - 1
    talking.introduce()
    for _ in range(3):
        talking.sequence_num = (talking.sequence_num + 1) % 2**64 - 1
        assert not asks_full_state(talking.poll())


def test_numbers_that_json_lacks(talking: TalkingAgent, see: See) -> None:
    """NaN and infinity in attributes are kept by name, in download rates they are passed over."""
    message = talking.message(full=True)
    for key, value in (("nan", math.nan), ("inf", math.inf), ("pi", 3.25)):
        message.agent_description.non_identifying_attributes.add(key=key).value.double_value = value
    told = message.package_statuses.packages["p"]
    told.name = "p"
    told.download_details.download_bytes_per_second = math.nan
    told.download_details.download_percent = math.inf
    talking.say(message)
    attributes = see(talking)["attributes"]
    assert (attributes["nan"], attributes["inf"], attributes["pi"]) == ("nan", "inf", 3.25)


def test_nul_everywhere(talking: TalkingAgent, see: See) -> None:
    """Every text may hold NUL: it is replaced, and all else is kept."""
    message = talking.message(full=True)
    message.agent_description.non_identifying_attributes.add(key="a\0b").value.string_value = "c\0d"
    message.health.status = "fine\0"
    message.health.last_error = "\0"
    told = message.package_statuses.packages["p\0"]
    told.name, told.agent_has_version, told.error_message, told.status = "p\0", "1\0", "\0", 3
    talking.say(message)
    seen = see(talking)
    assert seen["attributes"]["a\ufffdb"] == "c\ufffdd"
    assert seen["health"]["status"] == "fine\ufffd"
    assert (seen["packages"][0]["name"], seen["packages"][0]["version"]) == ("p\ufffd", "1\ufffd")


def test_every_kind_of_attribute(talking: TalkingAgent, see: See) -> None:
    """Lists and maps in each other, bytes, and values without a kind; an identifying attribute wins."""
    message = talking.message(full=True)
    add = message.agent_description.non_identifying_attributes.add
    add(key="os.type").value.string_value = "plan9"
    add(key="flag").value.bool_value = True
    add(key="number").value.int_value = -(2**53)
    add(key="large").value.int_value = -(2**63)
    add(key="double").value.double_value = 1e20
    add(key="bytes").value.bytes_value = b"\0\xff"
    add(key="none")
    nested = add(key="nested").value.kvlist_value.values.add(key="list").value.array_value
    nested.values.add().string_value = "inner"
    talking.say(message)
    attributes = see(talking)["attributes"]
    assert attributes == {
        "os.type": "linux",
        "host.arch": "amd64",
        "flag": True,
        "number": -(2**53),
        "large": "-9223372036854775808",
        "double": "1e+20",
        "bytes": "AP8=",
        "none": None,
        "nested": {"list": ["inner"]},
    }


def test_deep_nesting(talking: TalkingAgent) -> None:
    """A value nested deeper than protobuf goes is refused, one just below is kept."""
    for depth, accepted in ((20, True), (5000, False)):
        message = talking.message(full=True)
        value = message.agent_description.non_identifying_attributes.add(key="deep").value
        inner = b""
        for _ in range(depth):
            inner = _field(5, _field(1, inner))
        value.MergeFromString(inner) if depth < 50 else None
        body = message.SerializeToString()
        if not accepted:
            body += _field(3, _field(2, _field(1, b"deep") + _field(2, inner)))
        assert talking.post(body).status_code == (200 if accepted else 400)


def _field(number: int, content: bytes) -> bytes:
    """A protobuf field of bytes."""
    length, size = b"", len(content)
    while size > 127:
        length += struct.pack("B", size & 127 | 128)
        size >>= 7
    return struct.pack("B", number << 3 | 2) + length + struct.pack("B", size) + content


def test_too_many_attributes(talking: TalkingAgent) -> None:
    """Over 64 KiB: 400, and the agent stays as it was."""
    talking.attributes["big"] = "x" * 64 * 1024
    assert "65536" in refusal(talking.post(talking.message(full=True).SerializeToString())).error_message
    del talking.attributes["big"]
    talking.attributes["just"] = "x" * 65_000
    assert talking.post(talking.message(full=True).SerializeToString()).status_code == 200


def test_too_many_statuses(talking: TalkingAgent, see: See) -> None:
    """1,000 are kept, 1,001 refused."""
    for number in range(1000):
        talking.statuses.packages[f"p{number}"].agent_has_version = "1"
    talking.introduce()
    assert len(see(talking)["packages"]) == 1000
    talking.statuses.packages["one more"].agent_has_version = "1"
    refusal(talking.post(talking.message(statuses=True).SerializeToString()))


def test_long_texts(talking: TalkingAgent, see: See) -> None:
    """Cut to what is kept; hashes and names as well."""
    told = talking.statuses.packages["n" * 5000]
    told.agent_has_version, told.agent_has_hash, told.error_message = "v" * 5000, b"h" * 5000, "e" * 50_000
    told.server_offered_hash, told.status = b"o" * 5000, 3
    talking.introduce()
    (package,) = see(talking)["packages"]
    assert (len(package["name"]), len(package["version"]), len(package["error"])) == (255, 255, 4096)


@pytest.mark.parametrize("status", [-1, 5, 2**31 - 1])
def test_unknown_statuses(talking: TalkingAgent, see: See, status: int) -> None:
    """A status of a later version of the protocol counts as pending."""
    talking.statuses.packages["p"].status = status
    talking.introduce()
    assert see(talking)["packages"][0]["status"] == "pending"


@pytest.mark.parametrize("nanoseconds", [0, 1, 1_700_000_000_000_000_000, 2**64 - 1])
def test_start_times(talking: TalkingAgent, see: See, nanoseconds: int) -> None:
    """Any 64-bit number of nanoseconds is a time, or none."""
    message = talking.message(full=True)
    message.health.start_time_unix_nano = nanoseconds
    talking.say(message)
    assert (see(talking)["health"]["start_time"] is None) == (nanoseconds == 0)


def test_unknown_capabilities(agent: FlaskClient, see: See) -> None:
    """All 64 bits may be set."""
    talking = TalkingAgent(agent, 2**64 - 1)
    talking.introduce()
    assert "AcceptsPackages" in see(talking)["capabilities"]
    assert not asks_full_state(talking.poll())


def test_first_messages_at_once(agent: FlaskClient, publisher: FlaskClient) -> None:
    """Many connections bring the same new agent: one row, and no error."""
    talking = TalkingAgent(agent)
    body = talking.message(full=True).SerializeToString()
    barrier = threading.Barrier(4)

    def send() -> int:
        barrier.wait()
        return talking.post(body).status_code

    with ThreadPoolExecutor(4) as pool:
        statuses = [future.result() for future in [pool.submit(send) for _ in range(4)]]
    assert statuses == [200] * 4
    assert [row["instance_uid"] for row in publisher.get("/api/v1/agents").get_json()] == [str(talking.uid)]


def test_other_parts_of_a_message_are_passed_over(talking: TalkingAgent) -> None:
    """What this service does not do harms nothing."""
    message = talking.message(full=True)
    message.effective_config.config_map.config_map["a"].body = b"x" * 100_000
    message.remote_config_status.last_remote_config_hash = b"h"
    message.custom_capabilities.capabilities.append("c")
    message.flags = 2**64 - 1
    assert offered(talking.say(message)) is None
    assert uuid.UUID(bytes=message.instance_uid) == talking.uid
    assert INSTALLED == 0
