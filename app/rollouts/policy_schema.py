"""JSON schema of a channel's `rollout`: every field is optional, and a policy is kept in full as it was sent."""

import zoneinfo
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from app.config.units import duration_in_seconds
from app.http.fields import Flag, WholeNumber
from app.packages.attributes import attribute_match
from app.rollouts.windows import DAYS

TEN_YEARS = 3650 * 86400
MAX_STAGES = 20
MAX_WINDOWS = 50
MAX_AGENTS = 1_000_000
WATCHED = ("unhealthy", "silent")
TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]\Z"


class Duration(fields.Field[Any]):
    """Seconds, or a text such as 90s, 15m, 24h or 30d, kept as it was sent; `at_least` in seconds."""

    def __init__(self, at_least: int = 0, **options: Any) -> None:
        described = {"type": ["integer", "string"], "description": "Seconds, or such as 90s, 15m, 24h, 30d."}
        super().__init__(metadata=described, **options)
        self.at_least = at_least

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> Any:
        try:
            seconds = duration_in_seconds(value)
        except ValueError:
            seconds = -1
        if not self.at_least <= seconds <= TEN_YEARS:
            raise ValidationError(
                f"Must be a duration of at least {self.at_least} s: whole seconds, or whole with s, m, h or d (15m)."
            )
        return value


class Number(fields.Float):
    """A JSON number; marshmallow's own takes "5" and true as well."""

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.make_error("invalid")
        return value


def percent(least: float, most: float, **options: Any) -> Number:
    """A share in per cent."""
    return Number(validate=validate.Range(least, most), **options)


class RolloutStageSchema(Schema):
    """A stage before the last: how many agents may have the new edition by then."""

    percent = percent(0.01, 99.99, metadata={"description": "Of the agents of each platform and arch, rounded up."})
    agents = WholeNumber(validate=validate.Range(1, MAX_AGENTS))
    match = attribute_match(metadata={"description": "Only agents with these attributes."})
    soak = Duration()
    hold = Flag(metadata={"description": "true: only the action `advance` leaves it."})

    @validates_schema
    def one_size(self, stage: dict[str, Any], **_options: Any) -> None:
        """Raises ValidationError unless it says just once how many."""
        if "percent" in stage and "agents" in stage:
            raise ValidationError("Must have percent or agents, not both.")
        if not stage.keys() & {"percent", "agents", "match"}:
            raise ValidationError("Must have percent, agents or match.")


class RolloutWindowSchema(Schema):
    """A time of the week, local; over midnight where `to` is smaller."""

    days = fields.List(
        fields.String(validate=validate.OneOf(DAYS)),
        validate=validate.Length(1, len(DAYS)),
        metadata={"description": "The days on which it begins; every day if it is left out."},
    )
    to = fields.String(required=True, validate=validate.Regexp(TIME, error="Must be HH:MM."))

    @validates_schema
    def some_time(self, window: dict[str, Any], **_options: Any) -> None:
        """Raises ValidationError if it has no length, or a day twice."""
        if window.get("from") == window.get("to"):
            raise ValidationError("Must not end when it begins.")
        if len(set(window.get("days", ()))) < len(window.get("days", ())):
            raise ValidationError({"days": ["Must not be repeated."]})


# `from` is a word of Python's.
RolloutWindowSchema._declared_fields["from"] = fields.String(  # noqa: SLF001
    required=True, validate=validate.Regexp(TIME, error="Must be HH:MM.")
)


def known_zone(name: str) -> None:
    """A validator: raises ValidationError if there is no such time zone."""
    # `localtime` is a file of the machine's: two instances could take it for two zones.
    if name not in zoneinfo.available_timezones() - {"localtime"}:
        raise ValidationError("Must be a time zone of the IANA database, such as Europe/Berlin.")


def _stages() -> list[dict[str, Any]]:
    return [{"percent": 1}, {"percent": 10}, {"percent": 50}]


class RolloutPolicySchema(Schema):
    """How a channel's agents get what is new, and what stops it. `{}` is a safe roll-out."""

    stages = fields.List(
        fields.Nested(RolloutStageSchema), load_default=_stages, validate=validate.Length(max=MAX_STAGES)
    )
    soak = Duration(load_default="15m")
    success = percent(0, 100, load_default=90)
    max_failures = WholeNumber(load_default=2, validate=validate.Range(0, MAX_AGENTS))
    max_failure_percent = percent(0, 100, load_default=5)
    deadline = Duration(1, load_default="1h")
    watch = fields.List(
        fields.String(validate=validate.OneOf(WATCHED)),
        load_default=lambda: list(WATCHED),
        validate=validate.Length(max=len(WATCHED)),
    )
    on_failure = fields.String(load_default="pause", validate=validate.OneOf(("pause", "rollback")))
    approval = Flag(load_default=False)
    quiet = Duration(load_default="1m")
    windows = fields.List(
        fields.Nested(RolloutWindowSchema), load_default=list, validate=validate.Length(max=MAX_WINDOWS)
    )
    time_zone = fields.String(load_default="UTC", validate=known_zone)
    at_once = WholeNumber(allow_none=True, validate=validate.Range(1, MAX_AGENTS))

    @validates_schema
    def once_each(self, policy: dict[str, Any], **_options: Any) -> None:
        """Raises ValidationError if something is watched twice."""
        watched = policy.get("watch", ())
        if len(set(watched)) < len(watched):
            raise ValidationError({"watch": ["Must not be repeated."]})

    @post_load
    def in_full(self, policy: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """A null that the document must not give as a default: clients would send it as text."""
        return {"at_once": None, **policy}
