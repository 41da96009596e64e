"""JSON schemas of policies and their signers."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from app.http.fields import Flag, Moment, rfc3339
from app.http.openapi.properties import AnswerSchema
from app.packages.fields import Text, description
from app.packages.schemas import PackageSchema
from app.signatures.models import MODES, POLICY_NAME_LENGTH
from app.signatures.policy_store import FieldsRow, PolicyFields
from app.trust.certificates import CLAIMS
from app.trust.globs import PLACEHOLDER, unknown_placeholders
from app.trust.keys import UnusableKey, load_key
from app.trust.sigstore_root import PUBLIC, read_root
from app.trust.strict_json import Malformed

MAX_GLOBS = 50
MAX_SIGNERS = 20
MAX_TEXT = 2048
NAME = r"[A-Za-z0-9._-]+"

SIGSTORE, KEY = KINDS = ("sigstore", "key")
MEMBERS = {SIGSTORE: ("issuer", "subject", "claims", "root"), KEY: ("key",)}
"""What a signer of each kind may have, beside what all may."""
REQUIRED = {SIGSTORE: ("issuer", "subject"), KEY: ("key",)}


def _name(longest: int) -> fields.Field[str]:
    rules = [validate.Length(1, longest), validate.Regexp(rf"{NAME}\Z", error=f"Must match {NAME}.")]
    return Text(required=True, validate=rules)


def is_identity(glob: str) -> None:
    """A validator of `subject` and claims: raises ValidationError for one that anybody has."""
    if not glob.strip("*"):
        raise ValidationError("A star alone lets everybody in.")
    unknown = unknown_placeholders(glob)
    if unknown:
        raise ValidationError(f"Unknown placeholder: {', '.join(unknown)}.")


def has_no_placeholder(glob: str) -> None:
    """A validator of the other globs: raises ValidationError for braces, which would match nothing there is."""
    braces = sorted({f"{{{name}}}" for name in PLACEHOLDER.findall(glob)} or set(glob) & set("{}"))
    if braces:
        raise ValidationError(f"Unknown placeholder: {', '.join(braces)}. Only subject and claims may have some.")


def is_key(pem: str) -> None:
    """A validator: raises ValidationError for a key that can't be read or is too weak."""
    try:
        load_key(pem)
    except UnusableKey as error:
        raise ValidationError(str(error)) from error


class Root(fields.Field[Any]):
    """`public`, or a TrustedRoot."""

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> Any:
        try:
            read_root(value)
            has_nul = "\\u0000" in json.dumps(value, allow_nan=False)
        except (Malformed, ValueError) as error:
            raise ValidationError(str(error)) from error
        if has_nul:
            raise ValidationError("Must not contain NUL.")
        return value


class Until(fields.DateTime):
    """A time in RFC 3339, kept as text."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        moment: datetime = super()._deserialize(value, attr, data, **kwargs)
        if moment.tzinfo is None:
            raise self.make_error("invalid", input=value, obj_type="datetime with a time zone")
        try:
            return rfc3339(moment)
        except OverflowError as error:  # the first and the last hours that a year may have are none in UTC
            raise self.make_error("invalid", input=value, obj_type="datetime") from error

    def _serialize(self, value: Any, *_args: Any, **_kwargs: Any) -> Any:
        return value


def _identity(**options: Any) -> fields.Field[str]:
    return Text(validate=[validate.Length(1, MAX_TEXT), is_identity], **options)


class SignerBodySchema(Schema):
    """A signer; what may be there depends on its `kind`."""

    name = _name(POLICY_NAME_LENGTH)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    issuer = Text(validate=validate.Length(1, MAX_TEXT))
    subject = _identity(metadata={"description": "A glob; {version} and other fields of the package in braces."})
    claims = fields.Dict(
        keys=fields.String(validate=validate.OneOf(tuple(CLAIMS))),
        values=_identity(),
        metadata={"description": "Fulcio's extensions, such as source_repository_uri: globs."},
    )
    root = Root(metadata={"description": f"`{PUBLIC}`, the default, or a TrustedRoot as JSON."})
    key = Text(validate=[validate.Length(1, 1 << 14), is_key], metadata={"description": "A public key in PEM."})
    predicate_type = Text(
        validate=[validate.Length(1, MAX_TEXT), has_no_placeholder],
        metadata={"description": "A glob: only attestations of this type."},
    )
    until = Until(metadata={"description": "Signatures of later do not count."})

    @validates_schema
    def fits_kind(self, signer: dict[str, Any], **_options: Any) -> None:
        """Raises ValidationError for what a signer of its kind does not have, or lacks."""
        kind = signer.get("kind")
        if kind not in KINDS:
            return
        foreign = [name for other in KINDS if other != kind for name in MEMBERS[other] if name in signer]
        missing = [name for name in REQUIRED[kind] if name not in signer]
        errors = {name: [f"A signer of the kind {kind} has no such member."] for name in foreign}
        errors |= {name: ["Missing data for required field."] for name in missing}
        if errors:
            raise ValidationError(errors)


class PolicyNameSchema(Schema):
    """A policy's name, out of the path."""

    name = _name(POLICY_NAME_LENGTH)


class PolicyBodySchema(Schema):
    """What a policy is to be."""

    description = description(load_default="")
    packages = fields.List(
        Text(validate=[validate.Length(1, 255), has_no_placeholder]),
        required=True,
        validate=validate.Length(1, MAX_GLOBS),
        metadata={"description": "Globs of packages' names."},
    )
    mode = fields.String(required=True, validate=validate.OneOf(MODES))
    signers = fields.List(fields.Nested(SignerBodySchema), required=True, validate=validate.Length(max=MAX_SIGNERS))

    @validates_schema(skip_on_field_errors=True)
    def names_differ(self, policy: dict[str, Any], **_options: Any) -> None:
        """Raises ValidationError if two signers have one name."""
        names = [signer["name"] for signer in policy["signers"]]
        twice = {place for place, name in enumerate(names) if name in names[:place]}
        if twice:
            raise ValidationError({"signers": {place: {"name": ["Must not be repeated."]} for place in twice}})


class CountsSchema(AnswerSchema):
    """Packages that the policy matches, by what their signatures come to."""

    trusted = fields.Integer()
    untrusted = fields.Integer()
    pending = fields.Integer(metadata={"description": "Something is still to be checked."})


class PolicySchema(AnswerSchema):
    """A policy."""

    name = fields.String()
    description = fields.String()
    packages = fields.List(fields.String())
    mode = fields.String(validate=validate.OneOf(MODES))
    signers = fields.List(fields.Nested(SignerBodySchema))
    counts = fields.Nested(CountsSchema)
    created_at = Moment()
    updated_at = Moment()


class PolicyPlanSchema(AnswerSchema):
    """What a policy would block."""

    blocked = fields.Integer()
    packages = fields.List(fields.Nested(PackageSchema), metadata={"description": "The first 100 of them."})
    agents = fields.Integer(metadata={"description": "How many agents have one of them."})
    complete = Flag(metadata={"description": "false: there was no time to look at all."})


def policy_fields(body: dict[str, Any]) -> PolicyFields:
    """The loaded body as the store takes it."""
    return PolicyFields(body["description"], body["packages"], body["mode"], [dict(each) for each in body["signers"]])


def policy_json(policy: FieldsRow, counts: dict[str, int]) -> dict[str, Any]:
    """A policy as PolicySchema describes it."""
    shown = {name: getattr(policy, name) for name in ("name", "description", "packages", "mode", "signers")}
    times = {"created_at": rfc3339(policy.created_at), "updated_at": rfc3339(policy.updated_at)}
    return {**shown, "counts": counts, **times}
