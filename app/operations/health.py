"""Health checks: liveness, and readiness of PostgreSQL and storage.

Anyone may ask, so that asking must cost little: all that ask at once share one look at each part, and a part that
is frozen holds one thread, however often it is asked for.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet

from flask import Response
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from app.database import deadline
from app.errors import ServiceError
from app.http.openapi.describe import answers, refuses, without_token
from app.http.problems import RETRY_AFTER, problem
from app.http.responses import json_answer
from app.http.services import get

PATIENCE = 1.7
"""Seconds that an answer waits for its parts; with all else it stays under the 2 s of the contract."""

blueprint = Blueprint("health", __name__, description="Whether the service lives and can work.")

log = logging.getLogger(__name__)


class LiveSchema(Schema):
    """The service lives."""

    status = fields.String(metadata={"enum": ["ok"]})


class ReadySchema(LiveSchema):
    """The service can work."""

    parts = fields.Dict(
        keys=fields.String(metadata={"enum": ["database", "storage"]}),
        values=fields.String(metadata={"enum": ["ok", "down"]}),
    )


class Part:
    """Something that the service stands on, and how to ask whether it answers."""

    def __init__(self, name: str, ping: Callable[[], None]) -> None:
        self.name = name
        self._ping = ping
        self._lock = threading.Lock()
        self._look: Future[bool] | None = None

    def look(self) -> "Future[bool]":
        """The look that is being taken, else a new one; it has True if the part answers."""
        with self._lock:
            if self._look is None or self._look.done():
                self._look = Future()
                threading.Thread(target=self._take, args=(self._look,), name=self.name, daemon=True).start()
            return self._look

    def _take(self, look: "Future[bool]") -> None:
        look.set_result(self._answers())

    def _answers(self) -> bool:
        try:
            with deadline.allowance(deadline.REQUEST_ALLOWANCE):
                self._ping()
        except ServiceError as error:
            log.warning("%s is not ready: %s", self.name, error.detail)
            return False
        except Exception:
            log.exception("%s is not ready", self.name)
            return False
        return True


class Readiness:
    """Whether the service can work: all that it stands on, asked at once."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = parts

    def states(self, patience: float = PATIENCE) -> dict[str, str]:
        """`ok` or `down` for each part, after `patience` seconds at most for all of them together."""
        looks = {part.name: part.look() for part in self.parts}
        deadline = time.monotonic() + patience
        return {name: "ok" if _answered(look, deadline) else "down" for name, look in looks.items()}

    def answer(self) -> Response:
        """200 while all parts answer, else the problem that names those that do not."""
        found = self.states()
        down = [name for name, state in found.items() if state != "ok"]
        if not down:
            return json_answer({"status": "ok", "parts": found})
        detail = f"No answer from: {', '.join(down)}. The service works again by itself once there is one."
        response = problem(503, "not-ready", "The service is not ready", detail, parts=found)
        response.headers["Retry-After"] = RETRY_AFTER
        return response


def _answered(look: "Future[bool]", deadline: float) -> bool:
    try:
        return look.result(max(0.0, deadline - time.monotonic()))
    except NotYet:
        return False


@blueprint.route("/health/live")
class Live(MethodView):
    """Life."""

    @answers(200, LiveSchema)
    @without_token
    def get(self) -> Response:
        """Whether the process answers; whatever it stands on may be away."""
        return json_answer({"status": "ok"})


@blueprint.route("/health")
class Health(MethodView):
    """Readiness, under its short name."""

    @answers(200, ReadySchema)
    @refuses(503)
    @without_token
    def get(self) -> Response:
        """The same as /health/ready."""
        return get(Readiness).answer()


@blueprint.route("/health/ready")
class Ready(MethodView):
    """Readiness."""

    @answers(200, ReadySchema)
    @refuses(503)
    @without_token
    def get(self) -> Response:
        """Whether PostgreSQL and storage answer; 503 names in `parts` which of them does not."""
        return get(Readiness).answer()
