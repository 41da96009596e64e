"""What an agent's message may hold: every number, text, attribute and status is kept, replaced or refused."""

import math
import struct

import pytest
from flask.testing import FlaskClient

from tests.api.agents.conftest import See
from tests.api.agents.talking import TalkingAgent, asks_full_state, refusal


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
