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
from dataclasses import dataclass, field, replace

from flask import Response
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import fields

from app.database import deadline
from app.errors import DatabaseUnavailable, ServiceError, Unavailable
from app.http.openapi.describe import answers, operation, refuses, without_token
from app.http.openapi.properties import AnswerSchema
from app.http.problems import RETRY_AFTER, problem
from app.http.responses import json_answer
from app.http.services import get

PATIENCE = 1.7
"""Seconds that an answer waits for its parts; with all else it stays under the 2 s of the contract."""

DATABASE = "database"

STATES = ["ok", "down", "read-only", "behind", "another database's"]
"""Of the database, `read-only`: it cannot be written; `behind`: its schema is older than the code. Of the storage,
`another database's`."""

LOGGED_WHERE_HEARD = {(DATABASE, "down"), ("storage", "down"), ("storage", "another database's")}

blueprint = Blueprint("health", __name__, description="Whether the service lives and can work.")

log = logging.getLogger(__name__)


class LiveSchema(AnswerSchema):
    """The service lives."""

    status = fields.String(metadata={"enum": ["ok"]})


class ReadySchema(LiveSchema):
    """The service can work."""

    parts = fields.Dict(
        keys=fields.String(metadata={"enum": ["database", "storage"]}),
        values=fields.String(metadata={"enum": STATES}),
    )


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of a part: its state, and for one that is not `ok` a sentence about it."""

    state: str = "ok"
    sentence: str = ""
    passes: bool = True
    """Whether it may be over without anybody doing something."""
    seconds: float | None = field(default=None, compare=False)
    """How long it took to answer; None while it has not."""


class Part:
    """Something that the service stands on, and how to ask whether it answers."""

    def __init__(self, name: str, ping: Callable[[], None]) -> None:
        self.name = name
        self._ping = ping
        self._lock = threading.Lock()
        self._look: Future[Look] | None = None
        self._last = "ok"

    def look(self) -> "Future[Look]":
        """The look that is being taken, else a new one."""
        with self._lock:
            if self._look is None or self._look.done():
                self._look = Future()
                threading.Thread(target=self._take, args=(self._look,), name=self.name, daemon=True).start()
            return self._look

    def silent(self) -> Look:
        """What there is to say as long as a look goes on."""
        return Look("down", f"The {self.name} does not answer.")

    def _take(self, look: "Future[Look]") -> None:
        started = time.monotonic()
        found = self._asked()
        found = replace(found, seconds=time.monotonic() - started)
        # Why database and storage are down, and whose the storage is, is logged where it is heard.
        is_logged = (self.name, found.state) in LOGGED_WHERE_HEARD
        if found.state not in {self._last, "ok"} and not is_logged:
            log.warning("%s is not ready (%s): %s", self.name, found.state, found.sentence)
        self._last = found.state
        look.set_result(found)

    def _asked(self) -> Look:
        try:
            with deadline.budget(deadline.REQUEST_BUDGET):
                self._ping()
        except DatabaseUnavailable as error:
            # What else asks the database for something before it can go on has answered itself.
            return Look(error.state, error.detail, error.passes) if self.name == DATABASE else Look()
        except Unavailable as error:
            return Look(error.state, error.detail, error.passes)
        except ServiceError as error:
            return Look("down", error.detail)
        except Exception:
            log.exception("%s is not ready", self.name)
            return Look("down", f"The {self.name} cannot be asked; the log says why.", passes=False)
        return Look()


class Readiness:
    """Whether the service can work: all that it stands on, asked at once."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = parts

    def looks(self, patience: float = PATIENCE) -> dict[str, Look]:
        """What is seen of each part, after `patience` seconds at most for all of them together."""
        looks = [(part, part.look()) for part in self.parts]
        until = time.monotonic() + patience
        return {part.name: _seen(part, look, until) for part, look in looks}

    def states(self, patience: float = PATIENCE) -> dict[str, str]:
        """Only their states."""
        return {name: look.state for name, look in self.looks(patience).items()}

    def answer(self) -> Response:
        """200 while all parts are ok, else the problem that says which are not, and why."""
        found = self.looks()
        states = {name: look.state for name, look in found.items()}
        missing = {name: look for name, look in found.items() if look.state != "ok"}
        if not missing:
            return json_answer({"status": "ok", "parts": states})
        response = problem(503, "not-ready", "The service is not ready", _detail(missing), parts=states)
        response.headers["Retry-After"] = RETRY_AFTER
        return response


def _seen(part: Part, look: "Future[Look]", until: float) -> Look:
    try:
        return look.result(max(0.0, until - time.monotonic()))
    except NotYet:
        return part.silent()


def _detail(missing: dict[str, Look]) -> str:
    said = " ".join(f"{name}: {look.sentence}" for name, look in missing.items())
    by_itself = all(look.passes for look in missing.values())
    return f"{said} The service works again by itself once it is over." if by_itself else said


@blueprint.route("/health/live")
class Live(MethodView):
    """Life."""

    @answers(200, LiveSchema)
    @without_token
    @operation("get_liveness")
    def get(self) -> Response:
        """Whether the process answers; whatever it stands on may be away."""
        return json_answer({"status": "ok"})


@blueprint.route("/health")
class Health(MethodView):
    """Readiness, under its short name."""

    @answers(200, ReadySchema)
    @refuses(503)
    @without_token
    @operation("get_health")
    def get(self) -> Response:
        """The same as /health/ready."""
        return get(Readiness).answer()


@blueprint.route("/health/ready")
class Ready(MethodView):
    """Readiness."""

    @answers(200, ReadySchema)
    @refuses(503)
    @without_token
    @operation("get_readiness")
    def get(self) -> Response:
        """Whether PostgreSQL and storage answer; 503 names in `parts` which of them does not."""
        return get(Readiness).answer()
