"""What gunicorn and the flask command load."""

import click

from app import create_app
from app.config import ConfigError
from app.database.engine import Session

# flask loads the application from within its command, gunicorn from without any.
session = Session.SERVICE if click.get_current_context(silent=True) is None else Session.COMMAND

try:
    app = create_app(session=session)
except ConfigError as error:
    # gunicorn and flask print a traceback for anything else.
    raise SystemExit(f"opamp-packages: {error}") from None
