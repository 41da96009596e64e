"""Publish, find and download the packages of OpenTelemetry agents; nothing but Python is needed."""

from opampkg.api import Client
from opampkg.errors import (
    ChecksumDiffers,
    Conflict,
    NotAllowed,
    NotFound,
    OpampkgError,
    Refused,
    Unreachable,
)
from opampkg.models import Channel, Installations, Package, Rollout, Upload, User
from opampkg.version import VERSION

__version__ = VERSION

__all__ = [
    "Channel",
    "ChecksumDiffers",
    "Client",
    "Conflict",
    "Installations",
    "NotAllowed",
    "NotFound",
    "OpampkgError",
    "Package",
    "Refused",
    "Rollout",
    "Unreachable",
    "Upload",
    "User",
    "__version__",
]
