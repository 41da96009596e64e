"""Roll-outs: the list, one that is followed as it goes, and what is done with it."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import Response
from marshmallow import Schema, fields, validate

from app.accounts.roles import Role
from app.channels.handlers import by
from app.channels.usage import ChannelUsage
from app.console import session
from app.console.blueprint import action, fragment, page
from app.console.forms import form_fields, query_fields
from app.console.links import public, see
from app.console.live import FIGURES, with_etag
from app.console.rendering import render
from app.console.rows import rows_of
from app.console.views.policy import policy_words
from app.console.views.progress import brake_view, progress_view
from app.console.views.rollouts import (
    LABELS,
    actions_of,
    event_views,
    failure_views,
    platform_views,
    rollout_view,
    stage_views,
)
from app.http.fields import QueryNumber
from app.http.query import no_parameters
from app.http.services import get
from app.packages.fields import Text
from app.rollouts.actions import ROLES, Actions, Request
from app.rollouts.insight import RolloutInsight
from app.rollouts.listing import RolloutListing, RolloutRecord
from app.rollouts.models import ENDED_STATES, STATES
from app.rollouts.policy import Policy
from app.rollouts.schemas import MAX_REASON

ROWS = 50
CHANNELS = 30
"""Channels that a new roll-out is offered for."""

RIGHTS = ROLES | {"again": Role.PUBLISHER}

SLOW_FRESH = 10.0
"""Seconds for which what is counted over many agents is shown: who is offline, and the curve."""

AT_ONCE = 5_000
"""Agents up to which the page waits for what is counted over them."""

STOP_POLLING = 286
"""htmx asks no more after an answer of this status."""


class RolloutsQuery(Schema):
    """The filters, and the roll-out that the page follows."""

    channel = Text(validate=validate.Length(1, 100))
    state = fields.String(validate=validate.OneOf(STATES))
    after = QueryNumber(validate=validate.Range(1))


class RolloutQuery(Schema):
    """Whether the page waits for the figures that script asks for after it."""

    figures = fields.String(validate=validate.OneOf(["now"]))


class ActionForm(Schema):
    """Why it is done."""

    reason = Text(load_default="", validate=validate.Length(max=MAX_REASON))


@page("/rollouts", Role.PUBLISHER)
def rollouts() -> Response:
    """Roll-outs, the newest first, that the filters let through."""
    query = query_fields(RolloutsQuery)
    after = query.pop("after", None)
    found = rows_of(get(RolloutListing).page(query, ROWS + 1, after))
    rows = [rollout_view(record) for record in found[:ROWS]]
    behind = rows[-1].id if len(found) > ROWS else None
    states = [("", "Any state"), *((name, label) for name, (label, _, _) in LABELS.items())]
    asked = f"?{urlencode(query)}" if query else ""
    curl = f"curl -fsS '{public('/api/v1/rollouts')}{asked}' -H \"Authorization: Bearer $TOKEN\""
    shown = {"rows": rows, "query": query, "after": after, "behind": behind, "states": states, "curl": curl}
    return render("rollouts.html", **shown, channels=get(ChannelUsage).staged(CHANNELS))


@page("/rollouts/<bigint:rollout_id>", Role.PUBLISHER)
def rollout(rollout_id: int) -> Response:
    """One roll-out: where it stands, stage by stage, why agents failed, what the brake counts, what happened.

    What is counted over the agents of a large one comes after the page.
    """
    waits = "figures" in query_fields(RolloutQuery)
    record = get(RolloutListing).get(rollout_id)
    waits = waits or sum(record.counts.values()) <= AT_ONCE
    curl = f'curl -fsS "{public(f"/api/v1/rollouts/{rollout_id}")}" -H "Authorization: Bearer $TOKEN"'
    return render("rollout.html", **_shown(record), **(_figures(record) if waits else LATER), curl=curl)


@fragment("/rollouts/<bigint:rollout_id>/live", Role.PUBLISHER)
def rollout_live(rollout_id: int) -> Response:
    """The same, polled until it is over."""
    no_parameters()
    record = FIGURES.get(("roll-out", rollout_id), lambda: get(RolloutListing).get(rollout_id))
    shown = _shown(record)
    answer = with_etag(render("_rollout.html", **shown, **_figures(record)))
    if shown["row"].state in ENDED_STATES and answer.status_code == 200:
        answer.status_code = STOP_POLLING
    return answer


def _shown(record: RolloutRecord) -> dict[str, Any]:
    """What its row tells."""
    row = record.row
    ended = row.state in ("complete", "rolled_back")
    newest = rows_of(get(RolloutListing).page({"channel": row.channel}, 1, None)) if ended else []
    is_last = any(each.row.id == row.id for each in newest)
    return {
        "row": row,
        "view": rollout_view(record),
        "verbs": VERBS,
        "actions": [name for name in actions_of(row, is_last=is_last) if session.may(RIGHTS[name].label)],
        "events": event_views(record),
        "policy": policy_words(row.policy),
    }


def _figures(record: RolloutRecord) -> dict[str, Any]:
    """What is counted over its agents, and over all of its channel."""
    row, whole = record.row, sum(record.counts.values())
    insight = FIGURES.get(("roll-out's figures", row.id), lambda: get(RolloutInsight).of(row.id))
    offline = FIGURES.get(("roll-out's offline", row.id), lambda: get(RolloutInsight).offline(row.id), fresh=SLOW_FRESH)

    def history(since: datetime, step: int) -> Any:
        key = ("roll-out's curve", row.id, step)
        return FIGURES.get(key, lambda: get(RolloutInsight).history(row.id, since, step), fresh=SLOW_FRESH)

    return {
        "is_later": False,
        "offline": min(offline, record.counts["waiting"]),
        "progress": progress_view(row, whole, history),
        "stages": stage_views(row, insight),
        "failures": failure_views(insight),
        "platforms": platform_views(insight),
        "brake": brake_view(Policy.of(row.policy), insight),
    }


LATER = {"is_later": True, "offline": 0}
"""In place of the figures that are still to come."""

VERBS = {
    "approve": ("Approve", "shield-check", "primary", "It begins: the agents of the first stage are offered it."),
    "pause": ("Pause", "pause", "", "Nobody else is offered it. Agents that have been offered it go on."),
    "resume": ("Resume", "play", "primary", "It goes on. Agents that are bad by now no longer count."),
    "advance": ("Next stage", "arrow-right", "", "The next stage opens now, however long this one has been good."),
    "finish": ("Everyone", "arrow-right", "", "The last stage opens now: every agent of the channel is offered it."),
    "rollback": (
        "Roll back",
        "rotate-ccw",
        "danger",
        "Agents that were offered it go back, all at once.",
    ),
    "again": (
        "Start again",
        "rotate-ccw",
        "primary",
        "Another roll-out begins, to what the channel's list comes to now, even if that was rolled back.",
    ),
}
"""Button, icon, kind, and what the action does."""


@action("/rollouts/<bigint:rollout_id>/approve", Role.ADMIN)
def approve_rollout(rollout_id: int) -> Response:
    """Let one begin that waits for an admin."""
    return _done(rollout_id, "approve")


@action("/rollouts/<bigint:rollout_id>/pause", Role.PUBLISHER)
def pause_rollout(rollout_id: int) -> Response:
    """Offer it to nobody else."""
    return _done(rollout_id, "pause")


@action("/rollouts/<bigint:rollout_id>/resume", Role.PUBLISHER)
def resume_rollout(rollout_id: int) -> Response:
    """Go on after a pause, or after the brake."""
    return _done(rollout_id, "resume")


@action("/rollouts/<bigint:rollout_id>/advance", Role.PUBLISHER)
def advance_rollout(rollout_id: int) -> Response:
    """Open the next stage."""
    return _done(rollout_id, "advance")


@action("/rollouts/<bigint:rollout_id>/finish", Role.PUBLISHER)
def finish_rollout(rollout_id: int) -> Response:
    """Open the last stage."""
    return _done(rollout_id, "finish")


@action("/rollouts/<bigint:rollout_id>/rollback", Role.PUBLISHER)
def rollback_rollout(rollout_id: int) -> Response:
    """Send all back."""
    return _done(rollout_id, "rollback")


@action("/rollouts/<bigint:rollout_id>/again", Role.PUBLISHER)
def again_rollout(rollout_id: int) -> Response:
    """Start another one for its channel."""
    channel = get(RolloutListing).get(rollout_id).row.channel
    return see("rollout", rollout_id=get(Actions).start(channel, by(), _reason()))


def _done(rollout_id: int, name: str) -> Response:
    get(Actions).act(rollout_id, Request(name, by(), _reason()))
    return see("rollout", rollout_id=rollout_id)


def _reason() -> str | None:
    no_parameters()
    return form_fields(ActionForm)["reason"].strip() or None
