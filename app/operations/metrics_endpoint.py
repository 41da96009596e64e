"""`GET /metrics`: the service's counters in Prometheus' text format."""

from collections.abc import Callable

from flask import Response
from flask.views import MethodView
from flask_smorest import Blueprint
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from app.errors import Unavailable
from app.http.openapi.describe import answers, operation, without_token
from app.http.services import get
from app.telemetry.metrics import exposition


class OpenUploads:
    """How many uploads in pieces are open, as far as the database can tell now."""

    def __init__(self, count_open: Callable[[], int]) -> None:
        self._count_open = count_open

    def count(self) -> int | None:
        """None where the database does not answer."""
        try:
            return self._count_open()
        except Unavailable:
            return None


class DatabaseGauges:
    """Gauges that are read from the database, as text in the same format."""

    def __init__(self, read: Callable[[], bytes]) -> None:
        self._read = read

    def text(self) -> bytes:
        """Nothing where the database does not answer."""
        return self._read()


blueprint = Blueprint("metrics", __name__, description="Numbers for Prometheus.")


@blueprint.route("/metrics")
class Metrics(MethodView):
    """All metrics."""

    @answers(200, {"type": "string"}, content_type="text/plain")
    @without_token
    @operation("get_metrics")
    def get(self) -> Response:
        """The metrics of all workers in Prometheus' text format. Keep them from the public at the proxy."""
        text = exposition(get(OpenUploads).count()) + get(DatabaseGauges).text()
        return Response(text, content_type=CONTENT_TYPE_PLAIN_0_0_4)
