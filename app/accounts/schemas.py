"""JSON schemas of logins, users and machine tokens."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from app.accounts import passwords
from app.accounts.manager import DEFAULT_TOKEN_DAYS
from app.accounts.models import NAME_LENGTH
from app.accounts.roles import LABELS, Role
from app.accounts.usernames import USERNAME, is_username
from app.http.fields import Flag, Moment, WholeNumber, no_control_characters
from app.http.openapi.properties import AnswerSchema

MAX_TOKEN_DAYS = 3650


def role_field(**options: Any) -> fields.String:
    """A role: a label in JSON, a Role when loaded."""
    return fields.String(validate=validate.OneOf(LABELS), post_load=Role.labelled, **options)


def password_field(**options: Any) -> fields.String:
    """A new password."""
    length = validate.Length(passwords.MIN_LENGTH, passwords.MAX_LENGTH)
    return fields.String(validate=length, load_only=True, **options)


def valid_username(text: str) -> None:
    """A validator: raises ValidationError if no user can have this name."""
    if not is_username(text):
        raise ValidationError(f"Must be 1 to {NAME_LENGTH} of A-Z, a-z, 0-9 and . _ @ -.")


class UserSchema(AnswerSchema):
    """A user as every admin may see them."""

    id = fields.Integer()
    username = fields.String()
    role = fields.String(validate=validate.OneOf(LABELS))
    is_active = fields.Boolean()
    created_at = Moment()


class LoginSchema(Schema):
    """A login. Any name may be tried; a password that is too long for one is refused before hashing."""

    username = fields.String(required=True)
    password = fields.String(required=True, load_only=True, validate=validate.Length(max=passwords.MAX_LENGTH))


class LoggedInSchema(AnswerSchema):
    """A login's token, until when it counts, and whose it is."""

    token = fields.String()
    expires_at = Moment()
    user = fields.Nested(UserSchema)


class CallerSchema(AnswerSchema):
    """Who calls: a user, or a machine token under its name."""

    id = fields.Integer()
    username = fields.String()
    role = fields.String(attribute="role.label", validate=validate.OneOf(LABELS))
    is_active = fields.Boolean()
    kind = fields.String(validate=validate.OneOf(("user", "token")))


class NewUserSchema(Schema):
    """A user to be created."""

    username = fields.String(required=True, validate=valid_username, metadata={"pattern": f"^{USERNAME.pattern}$"})
    password = password_field(required=True)
    role = role_field(required=True)


class UserChangeSchema(Schema):
    """What to change of a user; what is absent stays."""

    role = role_field()
    password = password_field()
    is_active = Flag()


class NewTokenSchema(Schema):
    """A machine token to be made."""

    name = fields.String(required=True, validate=[validate.Length(1, NAME_LENGTH), no_control_characters])
    role = role_field(required=True)
    expires_in_days = WholeNumber(load_default=DEFAULT_TOKEN_DAYS, validate=validate.Range(1, MAX_TOKEN_DAYS))


class TokenSchema(AnswerSchema):
    """A machine token, without the token itself."""

    id = fields.Integer()
    name = fields.String()
    role = fields.String(validate=validate.OneOf(LABELS))
    created_at = Moment()
    expires_at = Moment()
    created_by = fields.String()


class IssuedTokenSchema(TokenSchema):
    """A machine token as it is made, with the token, shown this once."""

    token = fields.String()
