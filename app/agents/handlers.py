"""Agents over HTTP: lists, one, and who has a package."""

from uuid import UUID

from flask import Response
from flask.views import MethodView
from flask_smorest import Blueprint

from app.accounts.auth import requires
from app.accounts.roles import Role
from app.agents.listing import AgentListing
from app.agents.planning import ChannelPlanner
from app.agents.schemas import (
    AgentQuery,
    AgentSchema,
    InstallationsSchema,
    PlanSchema,
    agent_filters,
    agent_json,
    instance_uid,
    plan_json,
)
from app.agents.store import AgentStore
from app.channels.schemas import ChannelBodySchema, NameSchema, channel_fields
from app.http.json_body import json_fields
from app.http.openapi.describe import answers, asks, operation, refuses, takes
from app.http.paging import batched_answer, requested_page
from app.http.query import no_parameters, parameters
from app.http.responses import json_answer, no_content
from app.http.services import get
from app.http.validation import load
from app.packages.store import PackageStore

blueprint = Blueprint("agents", __name__, description="The agents' endpoint, and who has what.")


@blueprint.route("/api/v1/agents")
class Agents(MethodView):
    """All agents."""

    @requires(Role.PUBLISHER)
    @answers(200, AgentSchema(many=True))
    @asks(AgentQuery)
    @operation("list_agents")
    def get(self) -> Response:
        """Agents by instance uid, in pages: follow `Link: <…>; rel="next"` while there is one."""
        query = parameters(AgentQuery)
        page = requested_page(query, str)
        after = UUID(str(page.after[0])) if page.after else None
        with get(AgentListing).page(agent_filters(query), page.fetch, after) as batches:
            return batched_answer(page, batches, agent_json, lambda row: (str(row.instance_uid),))


@blueprint.route("/api/v1/agents/<uid>")
class OneAgent(MethodView):
    """One agent."""

    @requires(Role.PUBLISHER)
    @answers(200, AgentSchema)
    @refuses(404)
    @operation("get_agent")
    def get(self, uid: str) -> Response:
        """The agent; its uid with dashes or without."""
        agent = get(AgentListing).get(instance_uid(uid))
        no_parameters()
        return json_answer(agent_json(agent))

    @requires(Role.ADMIN)
    @answers(204)
    @refuses(404)
    @operation("delete_agent")
    def delete(self, uid: str) -> Response:
        """Forget the agent: who speaks for its uid next, owns it."""
        known = instance_uid(uid)
        get(AgentListing).get(known)
        no_parameters()
        get(AgentStore).forget(known)
        return no_content()


@blueprint.route("/api/v1/packages/<bigint:package_id>/installations")
class Installations(MethodView):
    """Who has a package."""

    @requires(Role.PUBLISHER)
    @answers(200, InstallationsSchema)
    @refuses(404)
    @operation("count_installations")
    def get(self, package_id: int) -> Response:
        """How many agents have this very file, are getting it, have failed to, or have been offered it."""
        package = get(PackageStore).get(package_id)
        no_parameters()
        return json_answer(get(AgentListing).installations(package))


@blueprint.route("/api/v1/channels/<name>/plan")
class ChannelPlan(MethodView):
    """What a change of a channel would do."""

    @requires(Role.PUBLISHER)
    @answers(200, PlanSchema)
    @takes(ChannelBodySchema)
    @operation("plan_channel")
    def post(self, name: str) -> Response:
        """What each agent would get if the channel were put with this body. Nothing is stored.

        Agents are grouped by platform and by the packages that they have. `unresolved`: the channel has the package
        and there is no file for this platform; an agent that has such a one keeps all that it has.
        """
        body = json_fields(ChannelBodySchema())
        load(NameSchema(), {"name": name})
        return json_answer(plan_json(get(ChannelPlanner).plan(name, channel_fields(body))))
