"""Application factory."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from app import cli
from app.accounts import handlers as accounts
from app.accounts import tokens
from app.agents import handlers as agents
from app.agents import opamp_endpoint
from app.channels import handlers as channels
from app.config import Config, load
from app.console import setup as console
from app.database import deadline
from app.database.engine import Session, engine_options
from app.database.model import db, migrate
from app.http import problems, routes, security_headers
from app.http.converters import BigIntConverter
from app.http.openapi import document, swagger
from app.offers import handlers as offers
from app.operations import cli_download, health, metrics_endpoint
from app.packages import handlers as packages
from app.packages import release_handlers as releases
from app.packages.fields import VOCABULARIES
from app.rollouts import handlers as rollouts
from app.signatures import handlers as signatures
from app.signatures import policy_handlers as policies
from app.telemetry import access_log, metrics, request_id
from app.uploads import handlers as uploads
from app.wiring import wire

BLUEPRINTS = (
    accounts,
    packages,
    releases,
    uploads,
    signatures,
    policies,
    channels,
    rollouts,
    offers,
    agents,
    opamp_endpoint,
    health,
    metrics_endpoint,
    cli_download,
)


class Application(Flask):
    """Flask without its look, at every call of every request, whether a function is a coroutine: none is.

    It gains 6 to 7 % (5 of 75 µs of /health/live, called as WSGI; Python 3.11, 120 interleaved pairs).
    """

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """`func`."""
        return func


def make_app(config: Config | None = None, session: Session | None = None) -> Flask:
    """The application, by `config` or by what `load` finds. Raises ConfigError; connects to nothing.

    PostgreSQL and storage may be away: each request then tells.
    """
    config = config or load()
    app = Application(__name__, static_folder=None)
    app.config.update(flask_settings(config))
    app.url_map.merge_slashes = False
    app.url_map.converters |= {"bigint": BigIntConverter, "signature_file": signatures.SignatureFileName}
    trust_proxies(app, config.server.trusted_proxies)
    db.init_app(app)
    migrate.init_app(app, db, compare_type=True)
    tokens.install(app, config.jwt.secret_key.get_secret_value())
    wire(app, config, session or Session.SERVICE)
    for part in (request_id, security_headers, access_log, metrics, problems, swagger, cli):
        part.register(app)
    document.register(app, config.server.public_url, [part.blueprint for part in BLUEPRINTS], VOCABULARIES)
    app.register_blueprint(signatures.files)
    if config.console.enabled:
        console.register(app)
    app.before_request(routes.refuse_leading_slashes)
    app.before_request(set_budget)
    app.teardown_request(end_budget)
    return app


def flask_settings(config: Config) -> dict[str, object]:
    """What Flask and its extensions read from app.config."""
    return {
        "SQLALCHEMY_DATABASE_URI": config.database.sqlalchemy_url,
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(config.database.pool_size),
    }


def trust_proxies(app: Flask, hops: int) -> None:
    """Believe the X-Forwarded-* of `hops` proxies, and of no one else."""
    if hops:
        # Flask's documented way to put a middleware around it.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]


def set_budget() -> None:
    """Give the request its time budget for PostgreSQL."""
    deadline.set_budget(deadline.REQUEST_BUDGET)


def end_budget(_error: BaseException | None) -> None:
    """What the thread does after the request is none of its budget."""
    deadline.set_budget(None)
