"""OpAMP over plain HTTP: `POST /v1/opamp`, where agents poll."""

from flask import Response
from flask.views import MethodView
from flask_smorest import Blueprint

from app.accounts.auth import caller, requires
from app.accounts.roles import Role
from app.agents.manager import AgentManager
from app.agents.message_body import message_body
from app.agents.messages import read_report, write_answer, write_refusal
from app.agents.ownership import Owner
from app.errors import BadRequest
from app.http.openapi.describe import also_answers, answers, operation, takes_bytes
from app.http.services import get
from app.offers.protobuf import MEDIA_TYPE

blueprint = Blueprint("opamp", __name__, description="The agents' endpoint.")

MESSAGE = {"type": "string", "format": "binary"}
"""An OpAMP message, to the OpenAPI document."""


@blueprint.route("/v1/opamp")
class Endpoint(MethodView):
    """OpAMP over plain HTTP."""

    @requires(Role.AGENT)
    @answers(200, MESSAGE, content_type=MEDIA_TYPE)
    @also_answers(400, MESSAGE, content_type=MEDIA_TYPE)
    @takes_bytes(MEDIA_TYPE)
    @operation("exchange_opamp_messages")
    def post(self) -> Response:
        """One AgentToServer message, answered with a ServerToAgent message; gzip is taken, up to 64 MiB.

        A body that is no such message is answered with 400 and a ServerToAgent that holds a ServerErrorResponse.
        """
        try:
            report = read_report(message_body())
        except BadRequest as error:
            return Response(write_refusal(error.detail), 400, content_type=MEDIA_TYPE)
        answer = get(AgentManager).hear(report, Owner.of(caller()))
        return Response(write_answer(report.instance_uid, answer, caller()), content_type=MEDIA_TYPE)
