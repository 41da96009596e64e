"""Roll-outs over HTTP: lists, one, its agents, and what is done with them."""

from typing import Any
from uuid import UUID

from flask import Response, request
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema

from app.accounts.auth import caller, requires
from app.accounts.roles import Role
from app.http.body import is_chunked
from app.http.json_body import json_fields
from app.http.openapi.describe import answers, asks, operation, refuses, takes
from app.http.paging import batched_answer, page_answer, requested_page
from app.http.query import no_parameters, parameters
from app.http.responses import json_answer
from app.http.services import get
from app.http.validation import load
from app.rollouts.actions import ROLES, Actions, Request
from app.rollouts.listing import RolloutListing
from app.rollouts.rows import By
from app.rollouts.schemas import (
    RolloutActionSchema,
    RolloutAgentQuery,
    RolloutAgentSchema,
    RolloutQuery,
    RolloutSchema,
    RolloutStartSchema,
    rollout_agent_json,
    rollout_json,
)

blueprint = Blueprint("rollouts", __name__, url_prefix="/api/v1", description="How channels' agents get what is new.")


@blueprint.route("/rollouts")
class Rollouts(MethodView):
    """All roll-outs."""

    @requires(Role.PUBLISHER)
    @answers(200, RolloutSchema(many=True))
    @asks(RolloutQuery)
    @operation("list_rollouts")
    def get(self) -> Response:
        """Roll-outs, the newest first, in pages: follow `Link: <…>; rel="next"` while there is one."""
        query = parameters(RolloutQuery)
        page = requested_page(query, int)
        filters = chosen(query, "channel", "state")
        with get(RolloutListing).page(filters, page.fetch, page.after_id or None) as batches:
            return batched_answer(page, batches, rollout_json, lambda record: (record.row.id,))


@blueprint.route("/rollouts/<bigint:rollout_id>")
class OneRollout(MethodView):
    """One roll-out."""

    @requires(Role.PUBLISHER)
    @answers(200, RolloutSchema)
    @refuses(404)
    @operation("get_rollout")
    def get(self, rollout_id: int) -> Response:
        """The roll-out, with what happened to it."""
        found = get(RolloutListing).get(rollout_id)
        no_parameters()
        return json_answer(rollout_json(found))


@blueprint.route("/rollouts/<bigint:rollout_id>/agents")
class RolloutAgents(MethodView):
    """The agents in a roll-out."""

    @requires(Role.PUBLISHER)
    @answers(200, RolloutAgentSchema(many=True))
    @asks(RolloutAgentQuery)
    @refuses(404)
    @operation("list_rollout_agents")
    def get(self, rollout_id: int) -> Response:
        """The agents that were chosen, by instance uid, in pages."""
        get(RolloutListing).insist_on(rollout_id)
        query = parameters(RolloutAgentQuery)
        page = requested_page(query, str)
        after = UUID(str(page.after[0])) if page.after else None
        filters = chosen(query, "state", "stage")
        found = get(RolloutListing).agents(rollout_id, filters, page.fetch, after)
        return page_answer(page, found, rollout_agent_json, lambda row: (str(row.instance_uid),))


@blueprint.route(f"/rollouts/<bigint:rollout_id>/<any({', '.join(ROLES)}):action>")
class RolloutActions(MethodView):
    """What is done with a roll-out."""

    @requires(Role.PUBLISHER)
    @answers(200, RolloutSchema)
    @takes(RolloutActionSchema, required=False)
    @refuses(404, 409)
    @operation("act_on_rollout")
    def post(self, rollout_id: int, action: str) -> Response:
        """`approve` (admin), `pause`, `resume`, `advance`, `finish` or `rollback`; what is done already stays so."""
        caller().insist_on(ROLES[action])
        get(RolloutListing).insist_on(rollout_id)
        body = _optional_body(RolloutActionSchema())
        get(Actions).act(rollout_id, Request(action, _by(), body.get("reason"), body.get("not_before")))
        return json_answer(rollout_json(get(RolloutListing).get(rollout_id)))


@blueprint.route("/channels/<name>/rollouts")
class ChannelRollouts(MethodView):
    """A new roll-out of a channel."""

    @requires(Role.PUBLISHER)
    @answers(201, RolloutSchema)
    @takes(RolloutStartSchema, required=False)
    @refuses(404, 409)
    @operation("start_rollout")
    def post(self, name: str) -> Response:
        """Start one to what the channel's list comes to now, even if that was rolled back."""
        get(Actions).insist_on_channel(name)
        body = _optional_body(RolloutStartSchema())
        started = get(Actions).start(name, _by(), body.get("reason"))
        return json_answer(rollout_json(get(RolloutListing).get(started)), 201)


def chosen(query: dict[str, Any], *names: str) -> dict[str, Any]:
    """The filters that the query has."""
    return {name: query[name] for name in names if name in query}


def _optional_body(schema: Schema) -> dict[str, Any]:
    """The body's fields; those of an empty object where there is no body."""
    if not request.content_length and not is_chunked(request.environ):
        no_parameters()
        return load(schema, {})
    return json_fields(schema)


def _by() -> By:
    who = caller()
    return By(who.username, who.kind)
