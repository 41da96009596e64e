"""Prometheus metrics, summed over gunicorn's workers.

Their values are in memory that gunicorn's master shares with its workers (see gunicorn.conf.py), so that any worker can
answer for all. A process that shares nothing counts for itself.
"""

import contextlib
import functools
from collections.abc import Callable, Iterator

from flask import Flask
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, values

from app.telemetry import exchange
from app.telemetry.exchange import Exchange
from app.telemetry.exposition import text_format
from app.telemetry.shared_values import SharedValues, Value

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)
"""Seconds: from a health check to the upload of gigabytes."""

shared = SharedValues()
values.ValueClass = functools.partial(Value, shared)

OPEN_UPLOADS = b"""# HELP opamp_packages_resumable_uploads Uploads in pieces that are open.
# TYPE opamp_packages_resumable_uploads gauge
opamp_packages_resumable_uploads %d
"""
"""Not a Gauge of the registry: that takes its name and that of the counter with _total for the same."""

own = CollectorRegistry()

requests = Counter("opamp_packages_http_requests", "Requests answered.", ("method", "route", "status"), registry=own)
duration = Histogram(
    "opamp_packages_http_request_duration_seconds",
    "Time from a request's head to the end of its answer.",
    ("method", "route"),
    buckets=BUCKETS,
    registry=own,
)
received = Counter("opamp_packages_http_received_bytes", "Bytes of request bodies read.", registry=own)
sent = Counter("opamp_packages_http_sent_bytes", "Bytes of answers' bodies sent.", registry=own)
uploads = Gauge(
    "opamp_packages_uploads_in_progress",
    "Uploads that are being received.",
    registry=own,
)
pieced = Counter(
    "opamp_packages_resumable_uploads",
    "Uploads in pieces that were created, or came to an end.",
    ("outcome",),
    registry=own,
)
storage_errors = Counter(
    "opamp_packages_storage_errors",
    "Operations that the storage did not answer or refused.",
    ("operation",),
    registry=own,
)
database_errors = Counter(
    "opamp_packages_database_errors", "Times that PostgreSQL did not answer or refused.", registry=own
)


dropped_lines = Counter(
    "opamp_packages_log_lines_dropped", "Log lines that standard error did not take in time.", registry=own
)


rollout_outcomes = Counter(
    "opamp_packages_rollout_outcomes",
    "Agents that roll-outs offered the new edition to, and how they fared.",
    ("channel", "outcome"),
    registry=own,
)
rollout_events = Counter(
    "opamp_packages_rollout_events", "What happened to roll-outs.", ("channel", "action"), registry=own
)
rollout_look = Histogram(
    "opamp_packages_rollout_look_seconds", "Time of one look after all roll-outs.", buckets=BUCKETS, registry=own
)


def count_exchange(ended: Exchange) -> None:
    """Note a request and its answer; routes and methods are few, whatever clients send."""
    count, observe = _meters(ended.method, ended.route, ended.status)
    count()
    observe(ended.seconds)
    if ended.bytes_in:
        received.inc(ended.bytes_in)
    if ended.bytes_out:
        sent.inc(ended.bytes_out)


@functools.cache
def _meters(method: str, route: str, status: int) -> tuple[Callable[[], None], Callable[[float], None]]:
    """The counter and the histogram of these labels, looked up once."""
    return requests.labels(method, route, status).inc, duration.labels(method, route).observe


def count_database_error() -> None:
    """Note that PostgreSQL did not answer or refused."""
    database_errors.inc()


def count_dropped_lines(count: int) -> None:
    """Note that so many log lines were dropped."""
    dropped_lines.inc(count)


def count_storage_error(operation: str) -> None:
    """Note that the storage did not answer or refused; `operation` is a method's name in app.storage.interface."""
    storage_errors.labels(operation).inc()


def count_upload(outcome: str, count: int = 1) -> None:
    """Note uploads in pieces: created, published, existing, failed, deleted or expired."""
    pieced.labels(outcome).inc(count)


def count_rollout_outcome(channel: str, outcome: str, count: int = 1) -> None:
    """Note agents of a roll-out: offered, good, failed, unhealthy, silent or late."""
    rollout_outcomes.labels(channel, outcome).inc(count)


def count_rollout_event(channel: str, action: str) -> None:
    """Note what happened to a roll-out."""
    rollout_events.labels(channel, action).inc()


@contextlib.contextmanager
def uploading() -> Iterator[None]:
    """An upload is in progress for the block."""
    with uploads.track_inprogress():
        yield


def exposition(open_uploads: int | None = None) -> bytes:
    """All metrics in Prometheus' text format, of all workers where there are several.

    `open_uploads`: how many uploads in pieces are open, by the database; None where it does not answer.
    """
    return text_format(shared.totals(), own.collect()) + (b"" if open_uploads is None else OPEN_UPLOADS % open_uploads)


def register(app: Flask) -> None:
    """Count every exchange of `app`."""
    exchange.on_end(app, count_exchange)
