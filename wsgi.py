"""What gunicorn and the flask command load."""

import click
from psycopg2 import extensions, extras

from app import create_app
from app.config import ConfigError
from app.database.engine import Session

# flask loads the application from within its command, gunicorn from without any.
session = Session.SERVICE if click.get_current_context(silent=True) is None else Session.COMMAND

if session is Session.COMMAND:
    # So that an interrupt ends a command that waits in libpq; a command has too few queries for what this costs.
    extensions.set_wait_callback(extras.wait_select)

try:
    app = create_app(session=session)
except ConfigError as error:
    # gunicorn and flask print a traceback for anything else.
    raise SystemExit(f"opamp-packages: {error}") from None
