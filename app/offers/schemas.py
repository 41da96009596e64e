"""JSON schemas of offers."""

import json
from typing import Any

from marshmallow import Schema, ValidationError, fields

from app.packages.fields import Text

MAX_ATTRIBUTES = 64 * 1024
"""Bytes of an agent's attributes."""


class OfferQuestion(Schema):
    """An agent, by its attributes: `os.type`, `host.arch`, and what channels match."""

    @staticmethod
    def small(attributes: dict[str, Any]) -> None:
        """A validator: raises ValidationError over 64 KiB."""
        if len(json.dumps(attributes)) > MAX_ATTRIBUTES:
            raise ValidationError(f"Must be at most {MAX_ATTRIBUTES} bytes.")

    instance_uid = fields.UUID()
    attributes = fields.Dict(keys=Text(), values=fields.Raw(allow_none=True), required=True, validate=small)


class HeaderSchema(Schema):
    """An HTTP header."""

    key = fields.String()
    value = fields.String()


class HeadersSchema(Schema):
    """The headers to download a file with."""

    headers = fields.List(fields.Nested(HeaderSchema))


class DownloadableFileSchema(Schema):
    """Where a file is, and what it must be."""

    downloadUrl = fields.String()  # noqa: N815 - the protobuf JSON mapping's names
    contentHash = fields.String(metadata={"description": "SHA-256 in Base64."})  # noqa: N815
    headers = fields.Nested(HeadersSchema)
    signature = fields.String(metadata={"description": "Base64, where the channel asks for one."})


class PackageAvailableSchema(Schema):
    """A package."""

    type = fields.String(metadata={"description": "PackageType_Addon; left out for PackageType_TopLevel."})
    version = fields.String()
    file = fields.Nested(DownloadableFileSchema)
    hash = fields.String(metadata={"description": "Base64."})


class PackagesAvailableSchema(Schema):
    """OpAMP's PackagesAvailable in the protobuf JSON mapping."""

    packages = fields.Dict(keys=fields.String(), values=fields.Nested(PackageAvailableSchema))
    allPackagesHash = fields.String(metadata={"description": "Base64."})  # noqa: N815
