"""Channels over HTTP."""

import hashlib

from flask import Response, request
from flask.views import MethodView
from flask_smorest import Blueprint

from app.accounts.auth import caller, requires
from app.accounts.roles import Role
from app.channels.schemas import ChannelBodySchema, ChannelSchema, NameSchema, channel_fields, channel_json
from app.channels.store import ChannelRow, ChannelStore
from app.errors import ChannelNotFound, Invalid
from app.http.downloads.conditions import allows_change
from app.http.json_body import json_fields
from app.http.openapi.describe import also_answers, answers, asks, conditional, operation, refuses, takes
from app.http.paging import PageQuery, batched_answer, requested_page
from app.http.query import no_parameters, parameters
from app.http.responses import json_answer, json_bytes, no_content
from app.http.services import get
from app.http.validation import load
from app.rollouts.rows import By

blueprint = Blueprint("channels", __name__, url_prefix="/api/v1", description="What each agent should have.")


@blueprint.route("/channels")
class Channels(MethodView):
    """All channels."""

    @requires(Role.AGENT)
    @answers(200, ChannelSchema(many=True))
    @asks(PageQuery)
    @operation("list_channels")
    def get(self) -> Response:
        """Channels by name, in pages: follow `Link: <…>; rel="next"` while there is one."""
        page = requested_page(parameters(PageQuery), str)
        with get(ChannelStore).page(page.fetch, str(page.after[0]) if page.after else None) as batches:
            return batched_answer(page, batches, channel_json, lambda row: (row.name,))


@blueprint.route("/channels/<name>")
class OneChannel(MethodView):
    """One channel."""

    @requires(Role.AGENT)
    @answers(200, ChannelSchema)
    @refuses(404)
    @operation("get_channel")
    def get(self, name: str) -> Response:
        """The channel."""
        channel = existing(name)
        no_parameters()
        answer = shown(channel)
        answer.make_conditional(request)
        return answer

    @requires(Role.PUBLISHER)
    @answers(200, ChannelSchema)
    @also_answers(201, ChannelSchema)
    @takes(ChannelBodySchema)
    @conditional
    @operation("put_channel")
    def put(self, name: str) -> Response:
        """Create the channel (201) or replace all that it says (200).

        It is complete: an agent deletes what is not in it. The channel that matches most of an agent's attributes
        wins, then the smaller name.
        """
        body = json_fields(ChannelBodySchema())
        load(NameSchema(), {"name": name})
        channel, created = get(ChannelStore).put(name, channel_fields(body), may_change, by())
        return shown(channel, 201 if created else 200)

    @requires(Role.ADMIN)
    @answers(204)
    @refuses(404)
    @conditional
    @operation("delete_channel")
    def delete(self, name: str) -> Response:
        """Remove the channel. Agents that no other channel fits keep what they have."""
        existing(name)
        no_parameters()
        get(ChannelStore).delete(name, may_change, by())
        return no_content()


def by() -> By:
    """Who makes this request, for the events of roll-outs."""
    who = caller()
    return By(who.username, who.kind)


def shown(channel: ChannelRow, status: int = 200) -> Response:
    """The channel, with its ETag."""
    return json_answer(channel_json(channel), status, ETag=f'"{entity_tag(channel)}"')


def entity_tag(channel: ChannelRow) -> str:
    """A strong entity tag (RFC 9110, 8.8.3): all that is shown of the channel, the time of its change included."""
    return hashlib.sha256(json_bytes(channel_json(channel))).hexdigest()[:32]


def may_change(channel: ChannelRow | None) -> bool:
    """Whether the request's conditions let the channel be changed; None: it is not there."""
    return allows_change(request.headers, None if channel is None else entity_tag(channel))


def existing(name: str) -> ChannelRow:
    """The channel; what can be no name is no such path. Raises ChannelNotFound."""
    try:
        load(NameSchema(), {"name": name})
    except Invalid as error:
        raise ChannelNotFound from error
    return get(ChannelStore).get(name)
