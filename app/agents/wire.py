"""Protobuf wire format: limits on a message in bytes, before anything is parsed.

A parsed field costs up to a hundred times its bytes in memory, so a small gzip of empty map entries would take
gigabytes. Only the fields that this service keeps reach the parser, and only as much of them as it takes.
(protobuf.dev, 'Encoding'.)
"""

from collections.abc import Iterator
from dataclasses import dataclass

from app.errors import BadRequest
from app.offers.protobuf import opamp

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
FIXED = {FIXED64: 8, FIXED32: 4}

MAX_FIELDS = 100
"""Top-level fields of a message; OpAMP defines 14, none of them repeated."""

MAX_STATUSES = 1000
"""Package statuses of a message."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What one field of a message may have altogether, in bytes, and what it is called."""

    size: int
    name: str


def number_of(message: str, field: str) -> int:
    """The number of a field of one of OpAMP's messages."""
    return int(opamp.DESCRIPTOR.message_types_by_name[message].fields_by_name[field].number)


DESCRIPTION = number_of("AgentToServer", "agent_description")
HEALTH = number_of("AgentToServer", "health")
STATUSES = number_of("AgentToServer", "package_statuses")
PACKAGES = number_of("PackageStatuses", "packages")
COMPONENTS = number_of("ComponentHealth", "component_health_map")

LIMITS = {
    DESCRIPTION: Limit(64 * 2**10, "An agent's description"),
    HEALTH: Limit(64 * 2**10, "An agent's health"),
    STATUSES: Limit(2**20, "The package statuses of a message"),
}
KEPT = {
    *LIMITS,
    *(number_of("AgentToServer", name) for name in ("instance_uid", "sequence_num", "capabilities")),
    number_of("AgentToServer", "agent_disconnect"),
}


@dataclass(frozen=True, slots=True)
class Field:
    """A field as it stands in a message: its tag, its content, and both with what is between them."""

    number: int
    wire_type: int
    content: memoryview
    whole: memoryview


def reduced(message: bytes | bytearray) -> bytes:
    """The fields of an AgentToServer message that are kept, whose sizes are checked. Raises BadRequest."""
    sizes, statuses = dict.fromkeys(LIMITS, 0), 0
    kept: list[bytes | memoryview] = []
    for field in walk(memoryview(message), MAX_FIELDS):
        if field.number not in KEPT:
            continue
        if field.number in LIMITS:
            sizes[field.number] += len(field.content)
            limit = LIMITS[field.number]
            if sizes[field.number] > limit.size:
                raise BadRequest(f"{limit.name} may have at most {limit.size} bytes.")
        if field.number == STATUSES and field.wire_type == LENGTH:
            statuses += sum(part.number == PACKAGES for part in walk(field.content, MAX_STATUSES + 2))
        kept.extend(_without_components(field))
    if statuses > MAX_STATUSES:
        raise BadRequest(f"A message may have at most {MAX_STATUSES} package statuses.")
    return b"".join(kept)


def walk(message: memoryview, most: int) -> Iterator[Field]:
    """The fields of a message. Raises BadRequest if there are more than `most`, or if it is malformed."""
    place = 0
    for _ in range(most):
        if place == len(message):
            return
        tag, content = varint(message, place)
        begin, end = extent(message, content, tag & 7)
        if end > len(message) or not tag >> 3:
            raise malformed()
        yield Field(tag >> 3, tag & 7, message[begin:end], message[place:end])
        place = end
    if place != len(message):
        raise BadRequest(f"A message, or a part of it, has more than {most} fields.")


def extent(message: memoryview, place: int, wire_type: int) -> tuple[int, int]:
    """Where the content of a field begins and ends whose tag ends at `place`. Raises BadRequest."""
    if wire_type == VARINT:
        return place, varint(message, place)[1]
    if wire_type == LENGTH:
        length, begin = varint(message, place)
        return begin, begin + length
    if wire_type not in FIXED:
        raise malformed()
    return place, place + FIXED[wire_type]


def varint(message: memoryview, place: int) -> tuple[int, int]:
    """The varint at `place`, and where it ends. Raises BadRequest."""
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(message):
            break
        byte = message[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise malformed()


def malformed() -> BadRequest:
    """The refusal of what is no message."""
    return BadRequest("The body is not an AgentToServer message.")


def _without_components(field: Field) -> list[bytes | memoryview]:
    """The field; of an agent's health only what it says of the whole."""
    if field.number != HEALTH or field.wire_type != LENGTH:
        return [field.whole]
    told = b"".join(part.whole for part in walk(field.content, len(field.content)) if part.number != COMPONENTS)
    return [bytes([HEALTH << 3 | LENGTH]), _as_varint(len(told)), told]


def _as_varint(value: int) -> bytes:
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
