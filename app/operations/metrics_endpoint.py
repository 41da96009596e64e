"""`GET /metrics`: the service's counters in Prometheus' text format."""

from flask import Response
from flask.views import MethodView
from flask_smorest import Blueprint
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from app.http.openapi.describe import answers, operation, without_token
from app.telemetry.metrics import exposition

blueprint = Blueprint("metrics", __name__, description="Numbers for Prometheus.")


@blueprint.route("/metrics")
class Metrics(MethodView):
    """All metrics."""

    @answers(200, {"type": "string"}, content_type="text/plain")
    @without_token
    @operation("get_metrics")
    def get(self) -> Response:
        """The metrics of all workers in Prometheus' text format. Keep them from the public at the proxy."""
        return Response(exposition(), content_type=CONTENT_TYPE_PLAIN_0_0_4)
