"""The OpAMP package service."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from app.config import Config
    from app.database.engine import Session


def create_app(config: "Config | None" = None, session: "Session | None" = None) -> "Flask":
    """The application, by `config` or by what app.config.load finds. Raises ConfigError; connects to nothing.

    `session`: what its connections to PostgreSQL are for; None: to serve requests.
    """
    # Imported here, so that app.config or app.server.worker can be had without the whole application.
    from app.factory import make_app  # noqa: PLC0415

    return make_app(config, session)
