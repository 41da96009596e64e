"""Access log: one line of JSON for each request, written when its answer has ended.

A line has the route's template and no path or query, which may hold secrets. It does not go through `logging`, which
would look for the line of code that called it and make threads wait for each other.
"""

import time
from typing import Any

from flask import Flask

from app.telemetry import exchange, logs
from app.telemetry.exchange import Exchange

LOGGER = "app.requests"
"""The member `logger` of each line."""


def register(app: Flask) -> None:
    """Log every request of `app`."""
    logs.configure()
    exchange.on_end(app, log_exchange)


def log_exchange(ended: Exchange) -> None:
    """Write the request's line; a standard error that is gone ends no request."""
    try:
        logs.write_line(logs.one_line(_fields(ended)))
    except (OSError, ValueError):
        # Closed, or at the end of a full disk: there is nowhere left to say it.
        return


def _fields(ended: Exchange) -> dict[str, Any]:
    return {
        "time": logs.timestamp(time.time()),
        "level": "error" if ended.status >= 500 else "info",
        "logger": LOGGER,
        "message": "request",
        "request_id": ended.request_id,
        "user": ended.user,
        "address": ended.address,
        "method": ended.method,
        "route": ended.route,
        "status": ended.status,
        "bytes_in": ended.bytes_in,
        "bytes_out": ended.bytes_out,
        "duration_ms": round(ended.seconds * 1000, 3),
    }
