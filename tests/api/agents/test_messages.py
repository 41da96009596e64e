"""The agents' endpoint as HTTP: what is taken, what is refused, and in which form."""

import threading
import uuid
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.offers.protobuf import MEDIA_TYPE, opamp
from tests.api.agents.talking import INSTALLED, TalkingAgent, asks_full_state, offered, packed, refusal
from tests.api.conftest import ClientFor, problem_of

LIMIT = 64 * 2**20


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


def test_first_messages_at_once(agent: FlaskClient, publisher: FlaskClient) -> None:
    """Many connections bring the same new agent: one row, and no error."""
    talking = TalkingAgent(agent)
    body = talking.message(full=True).SerializeToString()
    barrier = threading.Barrier(4)

    def send() -> int:
        barrier.wait(30)
        return talking.post(body).status_code

    with ThreadPoolExecutor(4) as pool:
        statuses = [future.result(60) for future in [pool.submit(send) for _ in range(4)]]
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
