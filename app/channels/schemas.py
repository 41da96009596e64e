"""JSON schemas of channels."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from app.channels.models import CHANNEL_NAME_LENGTH, TEMPLATE_LENGTH, TYPES
from app.channels.store import ChannelFields, ChannelRow
from app.http.fields import Moment, rfc3339
from app.http.openapi.properties import AnswerSchema
from app.packages import fields as package_fields
from app.packages.attributes import attribute_match
from app.packages.models import NAME_LENGTH
from app.packages.versions import LATEST
from app.rollouts.policy_schema import RolloutPolicySchema
from app.signatures.carrying import CARRIED

MAX_PACKAGES = 1000
VERSION = "{version}"


def channel_name(**options: Any) -> fields.Field[str]:
    """A channel's name."""
    pattern = r"[A-Za-z0-9][A-Za-z0-9._+-]*"
    rules = [validate.Length(1, CHANNEL_NAME_LENGTH), validate.Regexp(rf"{pattern}\Z", error=f"Must match {pattern}.")]
    return package_fields.Text(validate=rules, **options)


def is_template(text: str) -> None:
    """A validator: raises ValidationError for anything but {version} in braces, once."""
    if text.count(VERSION) != 1 or set("{}") & set(text.replace(VERSION, "")):
        raise ValidationError(f"Must have {VERSION} once, and no other braces.")


class NameSchema(Schema):
    """A channel's name, out of the path."""

    name = channel_name(required=True)


class MemberSchema(Schema):
    """A package of a channel."""

    name = package_fields.name(required=True)
    version = package_fields.version(
        required=True, metadata={"description": f"Exact, or `{LATEST}`: the newest active release per platform."}
    )
    type = fields.String(load_default=TYPES[0], validate=validate.OneOf(TYPES))
    signature = fields.String(
        validate=validate.OneOf(CARRIED),
        metadata={"description": "Offer its file with a signature of this kind, and no file that has none."},
    )
    seen_as = package_fields.Text(
        data_key="as",
        validate=validate.Length(max=NAME_LENGTH),
        metadata={"description": "The name that agents see; the package's own by default."},
    )
    version_as = package_fields.Text(
        validate=[validate.Length(max=TEMPLATE_LENGTH), is_template],
        metadata={"description": "What agents see as the version, such as v{version}."},
    )


class ChannelBodySchema(Schema):
    """What a channel is to be. Agents delete what is not in it, so `packages` is never left out by accident."""

    description = package_fields.description(load_default="")
    match = attribute_match(
        load_default=dict,
        metadata={"description": "Attributes that an agent must have, with their exact values; empty: every agent."},
    )
    packages = fields.List(fields.Nested(MemberSchema), required=True, validate=validate.Length(max=MAX_PACKAGES))
    rollout = fields.Nested(
        RolloutPolicySchema,
        allow_none=True,
        metadata={"description": "How agents get what is new. Left out: as it was; null: all at once."},
    )

    @post_load
    def channel(self, loaded: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """Raises ValidationError if a package is named twice."""
        seen: set[str] = set()
        for place, package in enumerate(loaded["packages"]):
            if package["name"] in seen:
                raise ValidationError({"packages": {place: {"name": ["Must not be repeated."]}}})
            seen.add(package["name"])
        told: set[str] = set()
        for place, package in enumerate(loaded["packages"]):
            name = package.get("seen_as", package["name"])
            if name in told:
                raise ValidationError({"packages": {place: {"as": ["Agents see another package under this name."]}}})
            told.add(name)
        return loaded


class ChannelSchema(AnswerSchema, ChannelBodySchema):
    """A channel."""

    name = fields.String()
    rollout_id = fields.Integer(allow_none=True, metadata={"description": "The roll-out that is not over."})
    created_at = Moment()
    updated_at = Moment()


def channel_fields(body: dict[str, Any]) -> ChannelFields:
    """The loaded body as the store takes it."""
    said = (body["description"], body["match"], body["packages"])
    return ChannelFields(*said, rollout=body.get("rollout"), keeps_rollout="rollout" not in body)


def channel_json(channel: ChannelRow) -> dict[str, Any]:
    """A channel as ChannelSchema describes it."""
    return {
        "name": channel.name,
        "description": channel.description,
        "match": channel.match,
        "packages": channel.packages,
        "rollout": channel.rollout,
        "rollout_id": channel.rollout_id,
        "created_at": rfc3339(channel.created_at),
        "updated_at": rfc3339(channel.updated_at),
    }
