"""The service's own settings, without the background jobs and warm-up of the whole application."""

import runpy
from pathlib import Path

settings = runpy.run_path(str(Path(__file__).parents[3] / "gunicorn.conf.py"))
settings.pop("post_worker_init", None)
globals().update({name: value for name, value in settings.items() if not name.startswith("__")})
