"""The JSON and the queries of uploads, and what the OpenAPI document says of their headers."""

from typing import Any

from marshmallow import fields as marshmallow_fields

from app.http.fields import Moment, rfc3339
from app.http.openapi.properties import AnswerSchema
from app.http.paging import PageQuery
from app.packages import fields
from app.uploads.answers import upload_url


class UploadSchema(AnswerSchema):
    """An open upload. Described here, written by `upload_json`."""

    id = marshmallow_fields.String()
    url = marshmallow_fields.String(metadata={"format": "uri", "description": "Its Location: HEAD, PATCH, DELETE."})
    name = marshmallow_fields.String()
    version = marshmallow_fields.String()
    platform = fields.platform()
    arch = fields.arch()
    description = marshmallow_fields.String()
    file_name = marshmallow_fields.String()
    length = marshmallow_fields.Integer(metadata={"description": "Bytes of the whole file."})
    offset = marshmallow_fields.Integer(metadata={"description": "Bytes that are kept."})
    checksum = marshmallow_fields.String(allow_none=True, metadata={"description": "The declared SHA-256, in hex."})
    created_at = Moment()
    created_by = marshmallow_fields.String()
    idle_seconds = marshmallow_fields.Integer(metadata={"description": "Since the last byte was noted."})
    expires_at = Moment()


class UploadsQuery(PageQuery):
    """The filters of the list."""

    name = fields.name()
    version = fields.version()
    platform = fields.platform()
    arch = fields.arch()


FILTERS = ("name", "version", "platform", "arch")
SAME = ("id", *FILTERS, "description", "file_name", "length", "offset", "checksum", "created_by")


def upload_json(row: Any) -> dict[str, Any]:
    """The fields of a row of UploadListing's."""
    return {
        **{name: getattr(row, name) for name in SAME},
        "url": upload_url(row.id),
        "idle_seconds": max(0, int(row.idle_seconds)),
        "created_at": rfc3339(row.created_at),
        "expires_at": rfc3339(row.expires_at),
    }


def header(name: str, description: str, *, required: bool = False) -> dict[str, Any]:
    """A request's header in the document."""
    return {
        "in": "header",
        "name": name,
        "required": required,
        "description": description,
        "schema": {"type": "string"},
    }


TUS_RESUMABLE = header("Tus-Resumable", "`1.0.0`: the request is of tus.")
UPLOAD_LENGTH = header("Upload-Length", "Bytes of the whole file.", required=True)
UPLOAD_METADATA = header(
    "Upload-Metadata", "`key base64` pairs: the form's fields, `filename`, `filetype`; other keys are kept and ignored."
)
UPLOAD_OFFSET = header("Upload-Offset", "Where the piece begins: what HEAD says.", required=True)
UPLOAD_COMPLETE = header("Upload-Complete", "`?1` with the last piece, `?0` with others; required without tus.")
UPLOAD_CHECKSUM = header("Upload-Checksum", "`sha256 BASE64` or `sha1 BASE64` of this request's bytes.")
CONTENT_DIGEST = header("Content-Digest", "`sha-256=:BASE64:` of this request's bytes (RFC 9530).")
METHOD_OVERRIDE = header("X-HTTP-Method-Override", "`PATCH` or `DELETE`.", required=True)
