"""The agents' endpoint, and agents over HTTP."""

from uuid import UUID

from flask import Response
from flask.views import MethodView
from flask_smorest import Blueprint

from app.accounts.auth import caller, requires
from app.accounts.roles import Role
from app.agents.listing import AgentListing
from app.agents.manager import AgentManager
from app.agents.message_body import message_body
from app.agents.messages import read_report, write_answer, write_refusal
from app.agents.schemas import (
    AgentQuery,
    AgentSchema,
    InstallationsSchema,
    agent_filters,
    agent_json,
    instance_uid,
)
from app.errors import BadRequest
from app.http.openapi.describe import also_answers, answers, asks, refuses, takes_bytes
from app.http.paging import page_answer, requested_page
from app.http.query import no_parameters, parameters
from app.http.responses import json_answer
from app.http.services import get
from app.offers.protobuf import MEDIA_TYPE
from app.packages.store import PackageStore

blueprint = Blueprint("agents", __name__, description="The agents' endpoint, and who has what.")

MESSAGE = {"type": "string", "format": "binary"}
"""An OpAMP message, to the OpenAPI document."""


@blueprint.route("/v1/opamp")
class Endpoint(MethodView):
    """OpAMP over plain HTTP."""

    @requires(Role.AGENT)
    @answers(200, MESSAGE, content_type=MEDIA_TYPE)
    @also_answers(400, MESSAGE, content_type=MEDIA_TYPE)
    @takes_bytes(MEDIA_TYPE)
    def post(self) -> Response:
        """One AgentToServer message, answered with a ServerToAgent message; gzip is taken, up to 64 MiB.

        A body that is no such message is answered with 400 and a ServerToAgent that holds a ServerErrorResponse.
        """
        try:
            report = read_report(message_body())
        except BadRequest as error:
            return Response(write_refusal(error.detail), 400, content_type=MEDIA_TYPE)
        answer = get(AgentManager).hear(report)
        return Response(write_answer(report.instance_uid, answer, caller()), content_type=MEDIA_TYPE)


@blueprint.route("/api/v1/agents")
class Agents(MethodView):
    """All agents."""

    @requires(Role.PUBLISHER)
    @answers(200, AgentSchema(many=True))
    @asks(AgentQuery)
    def get(self) -> Response:
        """Agents by instance uid, in pages: follow `Link: <…>; rel="next"` while there is one."""
        query = parameters(AgentQuery)
        page = requested_page(query, str)
        after = UUID(str(page.after[0])) if page.after else None
        rows = get(AgentListing).page(agent_filters(query), page.fetch, after)
        return page_answer(page, rows, agent_json, lambda row: (str(row.instance_uid),))


@blueprint.route("/api/v1/agents/<uid>")
class OneAgent(MethodView):
    """One agent."""

    @requires(Role.PUBLISHER)
    @answers(200, AgentSchema)
    @refuses(404)
    def get(self, uid: str) -> Response:
        """The agent; its uid with dashes or without."""
        agent = get(AgentListing).get(instance_uid(uid))
        no_parameters()
        return json_answer(agent_json(agent))


@blueprint.route("/api/v1/packages/<bigint:package_id>/installations")
class Installations(MethodView):
    """Who has a package."""

    @requires(Role.PUBLISHER)
    @answers(200, InstallationsSchema)
    @refuses(404)
    def get(self, package_id: int) -> Response:
        """How many agents have this very file, are getting it, have failed to, or have been offered it."""
        package = get(PackageStore).get(package_id)
        no_parameters()
        return json_answer(get(AgentListing).installations(package))
