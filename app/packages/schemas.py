"""The JSON, form and query of packages."""

from typing import Any

from marshmallow import Schema, validate
from marshmallow import fields as marshmallow_fields

from app.http.fields import Flag, Moment, QueryFlag, rfc3339
from app.http.openapi.properties import AnswerSchema
from app.http.paging import PageQuery
from app.packages import fields
from app.packages.links import file_path
from app.packages.listing import DEFAULT_SORT, SORT_NAMES
from app.packages.store import PackageRow
from app.packages.versions import is_semver

MAX_Q_LENGTH = 200

TRUSTS = ("none", "trusted", "untrusted", "pending")

MAX_DERIVED = 4096
"""Packages of which a worker keeps what is derived: 2 MB."""

Derived = tuple[str, bool, str]
"""A package's storage_path, is_semver and download_url."""


class PackageSchema(AnswerSchema):
    """A package. Described here, written by `PackageJson`: marshmallow takes too long over a list of 500."""

    id = marshmallow_fields.Integer()
    name = marshmallow_fields.String()
    version = marshmallow_fields.String()
    platform = fields.platform()
    arch = fields.arch()
    file_name = marshmallow_fields.String()
    file_size = marshmallow_fields.Integer(metadata={"description": "Bytes."})
    checksum = marshmallow_fields.String(metadata={"description": "SHA-256 in lower-case hex."})
    storage_path = marshmallow_fields.String(metadata={"description": "Bucket or folder, and the object's key."})
    description = marshmallow_fields.String()
    is_active = marshmallow_fields.Boolean(metadata={"description": "false: yanked."})
    created_at = Moment()
    updated_at = Moment()
    created_by = marshmallow_fields.String(metadata={"description": "Who uploaded it; kept after they are gone."})
    created_by_kind = marshmallow_fields.String(
        validate=validate.OneOf(("user", "token")), metadata={"description": "Whether that is a user or a token."}
    )
    is_semver = marshmallow_fields.Boolean(
        metadata={"description": "false: the version is no SemVer 2.0.0, and sorts below all that are."}
    )
    download_url = marshmallow_fields.String(
        metadata={"format": "uri", "description": "Where its bytes are, by its coordinates."}
    )
    trust = marshmallow_fields.String(
        validate=validate.OneOf(TRUSTS),
        metadata={"description": "What its signatures come to; none: no policy matches."},
    )
    blocked = marshmallow_fields.Boolean(
        metadata={"description": "An enforced policy is not satisfied: not latest, not offered, no bytes for agents."}
    )


class PackageJson:
    """Writes packages as PackageSchema describes them."""

    def __init__(self, location: str, public_url: str) -> None:
        """`location`: the bucket's or folder's name; `public_url`: the base of the links."""
        self.location = location
        self.public_url = public_url.rstrip("/")
        self._derived: dict[str, Derived] = {}

    def _derive(self, package: PackageRow) -> "Derived":
        """What coordinates and key make. They never change for a key, so it is kept: a list of 100 costs 5 % less."""
        path = file_path(package.name, package.version, package.platform, package.arch, package.file_name)
        storage_path = f"{self.location}/{package.object_key}"
        if len(self._derived) >= MAX_DERIVED:
            self._derived.clear()
        derived = self._derived[package.object_key] = storage_path, is_semver(package.version), self.public_url + path
        return derived

    def __call__(self, package: PackageRow) -> dict[str, Any]:
        """The package's fields."""
        storage_path, is_semver_version, url = self._derived.get(package.object_key) or self._derive(package)
        return {
            "id": package.id,
            "name": package.name,
            "version": package.version,
            "platform": package.platform,
            "arch": package.arch,
            "file_name": package.file_name,
            "file_size": package.file_size,
            "checksum": package.checksum,
            "storage_path": storage_path,
            "description": package.description,
            "is_active": package.is_active,
            "created_at": rfc3339(package.created_at),
            "updated_at": rfc3339(package.updated_at),
            "created_by": package.created_by,
            "created_by_kind": package.created_by_kind,
            "is_semver": is_semver_version,
            "download_url": url,
            "trust": package.trust,
            "blocked": package.blocked,
        }


class ReleaseSchema(Schema):
    """What identifies a release."""

    name = fields.name(required=True)
    version = fields.version(required=True)


class CoordinatesSchema(ReleaseSchema):
    """What identifies a package."""

    platform = fields.platform(required=True)
    arch = fields.arch(required=True)


class FormSchema(CoordinatesSchema):
    """The fields of an upload form beside `file`."""

    description = fields.description(load_default="")
    checksum = fields.checksum(metadata={"description": "SHA-256 in hex: the bytes are verified."})


class UploadFormSchema(FormSchema):
    """The whole upload form, for the OpenAPI document."""

    file = marshmallow_fields.Raw(required=True, metadata={"type": "string", "format": "binary"})
    signature = marshmallow_fields.List(
        marshmallow_fields.Raw(metadata={"type": "string", "format": "binary"}),
        metadata={"description": "Up to 8 signature files of the file, told by the suffixes of their names."},
    )


class PutQuery(Schema):
    """The parameters of an upload by PUT."""

    description = fields.description(load_default="")


class EditSchema(Schema):
    """What may be changed of a package."""

    description = fields.description()
    is_active = Flag()


class ListQuery(PageQuery):
    """The filters and the sort of the list."""

    name = fields.name()
    version = fields.version()
    platform = fields.platform()
    arch = fields.arch()
    is_active = QueryFlag()
    trust = marshmallow_fields.String(validate=validate.OneOf(TRUSTS))
    blocked = QueryFlag()
    q = fields.Text(
        validate=validate.Length(1, MAX_Q_LENGTH),
        metadata={"description": "Case-insensitive substring of name or description."},
    )
    sort = marshmallow_fields.String(load_default=DEFAULT_SORT, validate=validate.OneOf(SORT_NAMES))


class LatestQuery(Schema):
    """Which package's latest version."""

    name = fields.name(required=True)
    platform = fields.platform(required=True)
    arch = fields.arch(required=True)
    prerelease = QueryFlag(load_default=False)
