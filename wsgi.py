"""What gunicorn and the flask command load."""

from app import create_app
from app.config import ConfigError

try:
    app = create_app()
except ConfigError as error:
    # gunicorn and flask print a traceback for anything else.
    raise SystemExit(f"opamp-packages: {error}") from None
