"""OpAMP's protobuf classes. Only this module imports them: a second registration in one process raises TypeError."""

from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry._opamp.proto import opamp_pb2 as opamp

MEDIA_TYPE = "application/x-protobuf"

__all__ = ["MEDIA_TYPE", "json_mapping", "opamp"]


def json_mapping(message: Any) -> dict[str, Any]:
    """The message in the protobuf JSON mapping."""
    mapped: dict[str, Any] = MessageToDict(message)
    return mapped
