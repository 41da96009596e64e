"""JSON schemas of signatures."""

from typing import Any

from marshmallow import Schema, fields, validate

from app.http.fields import Moment, rfc3339
from app.http.openapi.properties import AnswerSchema
from app.signatures.store import SignatureRow
from app.trust.formats import FORMATS, RAW


class AddQuery(Schema):
    """The parameters of adding a signature."""

    format = fields.String(
        validate=validate.OneOf((RAW,)), metadata={"description": "`raw`: bytes of no other format are one, too."}
    )


class SignerSchema(AnswerSchema):
    """Who a signature says has signed; nothing of it is proven."""

    issuer = fields.String(allow_none=True)
    subject = fields.String(allow_none=True)
    key_id = fields.String(allow_none=True)


class SignatureSchema(AnswerSchema):
    """A signature file of a package."""

    digest = fields.String(metadata={"description": "SHA-256 of its bytes in lower-case hex: its id."})
    format = fields.String(validate=validate.OneOf(FORMATS))
    size = fields.Integer(metadata={"description": "Bytes."})
    signer = fields.Nested(SignerSchema)
    predicate_type = fields.String(allow_none=True, metadata={"description": "Of an attestation."})
    signed_at = Moment(allow_none=True, metadata={"description": "As a log or timestamp authority proves it."})
    verified_by = fields.List(fields.String(), metadata={"description": "POLICY/SIGNER of those that accept it."})
    created_at = Moment()
    created_by = fields.String()


def signature_json(row: SignatureRow) -> dict[str, Any]:
    """A signature as SignatureSchema describes it."""
    return {
        "digest": row.digest,
        "format": row.format,
        "size": row.size,
        "signer": {"issuer": row.issuer, "subject": row.subject, "key_id": row.key_id},
        "predicate_type": row.predicate_type,
        "signed_at": None if row.signed_at is None else rfc3339(row.signed_at),
        "verified_by": row.verified_by,
        "created_at": rfc3339(row.created_at),
        "created_by": row.created_by,
    }
