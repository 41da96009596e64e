"""gunicorn's settings of the service, with background jobs that tests can wait for."""

import runpy

from app.operations import background

background.INTERVAL = 0.5
globals().update(runpy.run_path("gunicorn.conf.py"))
