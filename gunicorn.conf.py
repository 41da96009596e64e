"""gunicorn's settings, out of the service's configuration. Run: gunicorn -c gunicorn.conf.py wsgi:app"""

import dataclasses
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent
if str(PROJECT) not in sys.path:
    # gunicorn puts its working folder there only later, for the application.
    sys.path.insert(0, str(PROJECT))

from app.config import ConfigError, load  # noqa: E402 - after the path is set
from app.operations import background  # noqa: E402
from app.operations.warm_up import refuse_unfit, warm_up  # noqa: E402
from app.rollouts import duty  # noqa: E402
from app.server import open_files  # noqa: E402
from app.server.refusals import LINE_LIMIT  # noqa: E402
from app.signatures import duty as signatures  # noqa: E402
from app.telemetry import logs  # noqa: E402
from app.telemetry.metrics import shared as shared_metrics  # noqa: E402
from app.wiring import wired  # noqa: E402

try:
    configuration = load()
except ConfigError as error:
    # gunicorn prints a traceback for anything else.
    raise SystemExit(f"opamp-packages: {error}") from None

server = configuration.server

bind = [f"[{server.host}]:{server.port}" if ":" in server.host else f"{server.host}:{server.port}"]
workers = server.workers
threads = server.threads
worker_connections = open_files.raise_limit(server.max_connections)
graceful_timeout = server.graceful_timeout
worker_class = "app.server.worker.Worker"

# Longer than proxies keep theirs, so that none sends a request into a connection that closes.
keepalive = 75
# Where gunicorn_h1c happens to be installed it would be taken: what is refused was tested with this one.
http_parser = "python"
limit_request_line = LINE_LIMIT
limit_request_field_size = LINE_LIMIT
# Only server.trusted_proxies decides what to believe of a proxy's headers.
forwarded_allow_ips = ""
forwarder_headers = ""
secure_scheme_headers = {}

# It would open a socket under the home folder, the same for every instance.
control_socket_disable = True
logconfig_dict = logs.settings()


def on_starting(arbiter):
    """Stop on a database that could lose what it is given; say once what is allowed and hardly meant."""
    # gunicorn asks for this too, but looks for TLS files and opens sockets before.
    arbiter.worker_class.check_config(arbiter.cfg, arbiter.log)
    refuse_unfit(configuration.database.sqlalchemy_url)
    for warning in configuration.warnings():
        arbiter.log.warning("%s", warning)
    # A worker that is replaced may overlap with the next.
    shared_metrics.share(2 * workers + 8)
    if worker_connections < server.max_connections:
        arbiter.log.warning(
            "server.max_connections is %d, and the limit on open files has room for %d: raise it (ulimit -Hn, "
            "LimitNOFILE) to %d",
            server.max_connections,
            worker_connections,
            open_files.needed(server.max_connections),
        )


def pre_fork(_arbiter, worker):
    """Choose where the worker's metrics are kept."""
    worker.metrics = shared_metrics.reserve()


def post_fork(_arbiter, worker):
    """Give the worker what gunicorn has no setting for."""
    shared_metrics.enter(worker.metrics)
    worker.limits = dataclasses.replace(
        worker.limits, body_threads=server.body_threads, upload_timeout=configuration.packages.upload_timeout
    )


def post_worker_init(worker):
    """Connect, then reconcile in the background; all workers of all replicas take turns by one lock."""
    parts = wired(worker.wsgi)
    warm_up(parts.database)
    background.start(parts.database, parts.jobs, parts.identity.settle)
    signatures.start(parts.signatures.settler)
    duty.start(parts.rollouts.duty)


def child_exit(_server, worker):
    """Take a dead worker's gauges out of the metrics, and its connections out of the account."""
    shared_metrics.release(worker.metrics)
    if worker.balancer:
        worker.balancer.end()
