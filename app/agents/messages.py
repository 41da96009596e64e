"""OpAMP messages: AgentToServer into a Report, an Answer into ServerToAgent. What can't be stored is left out."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from google.protobuf.message import DecodeError

from app.accounts.caller import Caller
from app.agents.models import TEXT_LENGTH
from app.agents.report import Answer, Report, ReportedPackage
from app.agents.wire import DESCRIPTION, LIMITS, malformed, reduced
from app.errors import BadRequest
from app.offers.manager import packages_available
from app.offers.protobuf import opamp
from app.packages.attributes import portable

MAX_ATTRIBUTES = LIMITS[DESCRIPTION].size
MAX_MESSAGE_LENGTH = 4096
"""Bytes that are kept of an agent's messages."""

MAX_HASH = 64
MAX_CAPABILITIES = 2**63 - 1

OUR_CAPABILITIES = (
    opamp.ServerCapabilities_AcceptsStatus
    | opamp.ServerCapabilities_OffersPackages
    | opamp.ServerCapabilities_AcceptsPackagesStatus
)

STATUSES = {
    opamp.PackageStatusEnum_Installed: "installed",
    opamp.PackageStatusEnum_InstallPending: "pending",
    opamp.PackageStatusEnum_Installing: "installing",
    opamp.PackageStatusEnum_InstallFailed: "failed",
    opamp.PackageStatusEnum_Downloading: "downloading",
}
CAPABILITIES = {number: name.removeprefix("AgentCapabilities_") for name, number in opamp.AgentCapabilities.items()}


def read_report(body: bytes | bytearray) -> Report:
    """The message that `body` is. Raises BadRequest."""
    try:
        message = opamp.AgentToServer.FromString(reduced(body))
    except DecodeError as error:
        raise malformed() from error
    if len(message.instance_uid) != 16:
        raise BadRequest("instance_uid must be 16 bytes.")
    described = message.HasField("agent_description")
    reports = message.HasField("package_statuses")
    return Report(
        instance_uid=UUID(bytes=message.instance_uid),
        sequence_num=message.sequence_num,
        capabilities=message.capabilities & MAX_CAPABILITIES,
        attributes=_attributes(message.agent_description) if described else None,
        health=_health(message.health) if message.HasField("health") else None,
        statuses=_statuses(message.package_statuses) if reports else None,
        named_hash=message.package_statuses.server_provided_all_packages_hash if reports else b"",
        disconnects=message.HasField("agent_disconnect"),
    )


def write_answer(instance_uid: UUID, answer: Answer, caller: Caller) -> bytes:
    """The ServerToAgent message. The files of an offer carry tokens that end with the caller's."""
    message = opamp.ServerToAgent(instance_uid=instance_uid.bytes, capabilities=OUR_CAPABILITIES)
    if answer.asks_full_state:
        message.flags = opamp.ServerToAgentFlags_ReportFullState
    if answer.offer is not None:
        message.packages_available.CopyFrom(packages_available(answer.offer, caller))
    written: bytes = message.SerializeToString()
    return written


def write_refusal(detail: str) -> bytes:
    """The ServerToAgent message for a body that is none."""
    error = opamp.ServerErrorResponse(type=opamp.ServerErrorResponseType_BadRequest, error_message=detail)
    written: bytes = opamp.ServerToAgent(error_response=error, capabilities=OUR_CAPABILITIES).SerializeToString()
    return written


def capability_names(capabilities: int) -> list[str]:
    """The names of the bits that are set, those of later versions of the protocol left out."""
    return [name for number, name in CAPABILITIES.items() if number & capabilities]


def kept_bytes(text: str, size: int) -> str:
    """Text without NUL, cut at a character so that it has at most `size` bytes of UTF-8."""
    return text.replace("\0", "\ufffd").encode()[:size].decode(errors="ignore")


def kept(text: str, length: int) -> str:
    """Text as PostgreSQL can hold it: without NUL, and not too long."""
    return text[:length].replace("\0", "\ufffd")


def _attributes(description: Any) -> dict[str, Any]:
    """All attributes; an identifying one wins over another of the same name."""
    return _members([*description.non_identifying_attributes, *description.identifying_attributes])


def _members(pairs: Any) -> dict[str, Any]:
    return {kept(pair.key, MAX_ATTRIBUTES): _value(pair.value) for pair in pairs}


def _value(value: Any) -> Any:
    """An AnyValue as JSON has it; what JSON lacks as the protobuf JSON mapping has it."""
    kind = value.WhichOneof("value")
    match kind:
        case "string_value":
            return kept(value.string_value, MAX_ATTRIBUTES)
        case "double_value" | "int_value":
            return portable(getattr(value, kind))
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
        case "array_value":
            return [_value(member) for member in value.array_value.values]
        case "kvlist_value":
            return _members(value.kvlist_value.values)
    return None if kind is None else getattr(value, kind)


def _health(health: Any) -> dict[str, Any]:
    return {
        "healthy": health.healthy,
        "status": kept_bytes(health.status, MAX_MESSAGE_LENGTH),
        "last_error": kept_bytes(health.last_error, MAX_MESSAGE_LENGTH),
        "start_time": _moment(health.start_time_unix_nano),
    }


def _moment(nanoseconds: int) -> str | None:
    """A time in RFC 3339; None where there is none, or none that a calendar has."""
    if not nanoseconds:
        return None
    try:
        moment = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=nanoseconds // 1000)
    except OverflowError:
        return None
    return moment.isoformat().replace("+00:00", "Z")


def _statuses(statuses: Any) -> dict[str, ReportedPackage]:
    return {kept(name, TEXT_LENGTH): _status(status) for name, status in statuses.packages.items()}


def _status(status: Any) -> ReportedPackage:
    return ReportedPackage(
        version=kept(status.agent_has_version, TEXT_LENGTH),
        has_hash=status.agent_has_hash[:MAX_HASH],
        status=STATUSES.get(status.status, "pending"),
        error=kept_bytes(status.error_message, MAX_MESSAGE_LENGTH),
        offered_version=kept(status.server_offered_version, TEXT_LENGTH),
        offered_hash=status.server_offered_hash[:MAX_HASH],
    )
