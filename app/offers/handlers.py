"""Offers over HTTP, for another OpAMP server to embed in its messages."""

from typing import Any

from flask import Response, request
from flask.views import MethodView
from flask_smorest import Blueprint

from app.accounts.auth import caller, requires
from app.accounts.roles import Role
from app.http.json_body import json_fields
from app.http.openapi.describe import answers, operation, takes
from app.http.responses import json_answer
from app.http.services import get
from app.offers.manager import OfferManager, packages_available
from app.offers.protobuf import MEDIA_TYPE, json_mapping
from app.offers.schemas import OfferQuestion, PackagesAvailableSchema
from app.packages.attributes import portable_value

blueprint = Blueprint("offers", __name__, url_prefix="/api/v1", description="What one agent should have now.")

CHANNEL_HEADER = {"description": "The channel that fits. Absent: none does; do not forward the offer."}
UNRESOLVED_HEADER = {"description": "How many packages of the channel have no file for this platform, if any."}
OFFER_HEADERS = {
    "OpAMP-Channel": {"schema": {"type": "string"}, **CHANNEL_HEADER},
    "OpAMP-Unresolved": {"schema": {"type": "integer"}, **UNRESOLVED_HEADER},
}


@blueprint.route("/offers")
class Offers(MethodView):
    """Offers."""

    @requires(Role.AGENT)
    @answers(200, PackagesAvailableSchema, headers=OFFER_HEADERS)
    @takes(OfferQuestion)
    @operation("make_offer")
    def post(self) -> Response:
        """The PackagesAvailable for an agent with these attributes.

        In the protobuf JSON mapping, or as application/x-protobuf where Accept prefers that. An offer is complete: an
        agent deletes what is not in it. Without the header OpAMP-Channel no channel fits: do not forward it then.
        `instance_uid` of an agent that is known here: what a roll-out has given to it; else the stable edition.
        """
        question = json_fields(OfferQuestion())
        offer = get(OfferManager).offer(portable_value(question["attributes"]), question.get("instance_uid"))
        answer = message_answer(packages_available(offer, caller()))
        if offer is not None:
            answer.headers["OpAMP-Channel"] = offer.channel
            if offer.unresolved:
                answer.headers["OpAMP-Unresolved"] = str(len(offer.unresolved))
        return answer


def message_answer(message: Any) -> Response:
    """A protobuf message in the form that the request's Accept header prefers: JSON unless it says otherwise."""
    preferred = request.accept_mimetypes.best_match(["application/json", MEDIA_TYPE], "application/json")
    if preferred == MEDIA_TYPE:
        return Response(message.SerializeToString(deterministic=True), content_type=MEDIA_TYPE)
    return json_answer(json_mapping(message))
