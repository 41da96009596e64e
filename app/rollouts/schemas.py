"""JSON schemas and query parameters of roll-outs."""

from datetime import datetime
from typing import Any

from marshmallow import Schema, fields, validate
from sqlalchemy import Row

from app.http.fields import Moment, MomentInUTC, QueryNumber, rfc3339
from app.http.openapi.properties import AnswerSchema
from app.http.paging import PageQuery
from app.packages.fields import Text
from app.rollouts.listing import MOST_EVENTS, Happening, RolloutRecord
from app.rollouts.models import CAUSES, KINDS, PLACE_STATES, STATES
from app.rollouts.policy_schema import RolloutPolicySchema, RolloutStageSchema
from app.rollouts.rows import shown_stage

MAX_REASON = 1000
SHOWN_PLACES = tuple(state for state in PLACE_STATES if state != "gone")


class RolloutQuery(PageQuery):
    """The filters of the list."""

    channel = Text(validate=validate.Length(1, 100))
    state = fields.String(validate=validate.OneOf(STATES))


class RolloutAgentQuery(PageQuery):
    """The filters of a roll-out's agents."""

    state = fields.String(validate=validate.OneOf(SHOWN_PLACES))
    stage = QueryNumber(validate=validate.Range(1, 100))


class RolloutStartSchema(Schema):
    """Why a roll-out is started."""

    reason = Text(allow_none=True, validate=validate.Length(1, MAX_REASON))


class RolloutActionSchema(RolloutStartSchema):
    """Why something is done, and before when no agent is let go."""

    not_before = MomentInUTC(allow_none=True)


class RolloutChangeSchema(AnswerSchema):
    """What a roll-out changes for one platform and arch: versions, null where there is no file."""

    name = fields.String()
    platform = fields.String()
    arch = fields.String()
    to = fields.String(allow_none=True)


RolloutChangeSchema._declared_fields["from"] = fields.String(allow_none=True)  # noqa: SLF001 - a word of Python's


class OpenedRolloutStageSchema(RolloutStageSchema):
    """A stage of a roll-out, as its policy says it."""

    places = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Agents that may have it by then; null: any number."}
    )
    opened_at = Moment(required=True, allow_none=True)
    good_since = Moment(required=True, allow_none=True)


class RolloutCountsSchema(AnswerSchema):
    """Agents by how they fare."""

    waiting = fields.Integer(metadata={"description": "Not offered it yet, online or not."})
    busy = fields.Integer(metadata={"description": "Offered it, and neither good nor bad."})
    good = fields.Integer()
    bad = fields.Integer()
    returned = fields.Integer(metadata={"description": "Have the stable edition again."})


class RolloutEventSchema(AnswerSchema):
    """What happened, and who did it."""

    at = Moment()
    by = fields.String()
    by_kind = fields.String(validate=validate.OneOf(KINDS))
    action = fields.String()
    stage = fields.Integer()
    reason = fields.String(allow_none=True)


class RolloutSchema(AnswerSchema):
    """A roll-out."""

    id = fields.Integer()
    channel = fields.String()
    state = fields.String(validate=validate.OneOf(STATES))
    reason = fields.String(allow_none=True, metadata={"description": "Why it stopped, or what it waits for."})
    changes = fields.List(fields.Nested(RolloutChangeSchema))
    stage = fields.Integer()
    stages = fields.List(fields.Nested(OpenedRolloutStageSchema))
    counts = fields.Nested(RolloutCountsSchema)
    moves = fields.Boolean(metadata={"description": "Whether agents are let go now."})
    moves_at = Moment(allow_none=True, metadata={"description": "When agents are let go again, if that is known."})
    policy = fields.Nested(RolloutPolicySchema)
    created_at = Moment()
    created_by = fields.String()
    started_at = Moment(allow_none=True)
    ended_at = Moment(allow_none=True)
    events = fields.List(
        fields.Nested(RolloutEventSchema), metadata={"description": f"Oldest first; the last {MOST_EVENTS}."}
    )


class RolloutAgentSchema(AnswerSchema):
    """An agent in a roll-out."""

    instance_uid = fields.UUID()
    stage = fields.Integer()
    state = fields.String(validate=validate.OneOf(SHOWN_PLACES))
    cause = fields.String(allow_none=True, validate=validate.OneOf(CAUSES))
    error = fields.String(allow_none=True)
    offered_at = Moment(allow_none=True)
    answered_at = Moment(allow_none=True)


def rollout_json(record: RolloutRecord) -> dict[str, Any]:
    """A roll-out as RolloutSchema describes it."""
    row = record.row
    same = ("id", "channel", "state", "changes", "policy", "created_by")
    moves = row.state == "running" and row.moves
    return {
        **{name: getattr(row, name) for name in same},
        "reason": _reason(row),
        "stage": shown_stage(row.stage),
        "stages": [_stage_json(stage) for stage in row.stages],
        "counts": record.counts,
        "moves": moves,
        "moves_at": _moment(row.moves_at if row.state == "running" else None),
        "created_at": rfc3339(row.created_at),
        "started_at": _moment(row.started_at),
        "ended_at": _moment(row.ended_at),
        "events": [_event_json(event) for event in record.events],
    }


def _reason(row: Row[Any]) -> str | None:
    """Why it stopped, or what it waits for."""
    if row.reason is not None:
        return str(row.reason)
    if row.state == "running" and row.moves_at is not None:
        return f"Waits until {rfc3339(row.moves_at)} to let agents go."
    if row.state == "running" and row.moves_until is not None and not row.moves:
        return (
            f"Waits for an instance to look after it: the last one did at {rfc3339(row.looked_at or row.created_at)}."
        )
    return None


def _stage_json(stage: dict[str, Any]) -> dict[str, Any]:
    times = {name: stage[name] and rfc3339(datetime.fromisoformat(stage[name])) for name in ("opened_at", "good_since")}
    return {**stage, **times}


def _event_json(event: Happening) -> dict[str, Any]:
    names = ("by", "by_kind", "action", "stage", "reason")
    return {"at": rfc3339(event.at), **{name: getattr(event, name) for name in names}}


def rollout_agent_json(row: Row[Any]) -> dict[str, Any]:
    """An agent as RolloutAgentSchema describes it."""
    return {
        "instance_uid": str(row.instance_uid),
        **{name: getattr(row, name) for name in ("stage", "state", "cause", "error")},
        "offered_at": _moment(row.offered_at),
        "answered_at": _moment(row.answered_at),
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)
