"""Logs: one JSON object a line on standard error, and one line for each request when its answer has ended.

A request's line has the route's template and no path or query, which may hold secrets. Other lines pass a filter
that takes out what looks like a token, a signature or the credentials of a URL.
"""

import functools
import json
import logging
import os
import re
import sys
import time
from datetime import UTC, datetime
from typing import Any

import orjson
from flask import Flask, has_request_context

from app.http import exchange
from app.http.exchange import Exchange
from app.http.request_id import request_id

FIELDS = "fields"
"""The attribute of a log record (`extra={"fields": {…}}`) whose members become members of the line."""

SECRETS = (
    (re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*"), "[token]"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[^\s,\"']+"), r"\1 [hidden]"),
    (re.compile(r"(?i)\b(X-Amz-(?:Signature|Credential|Security-Token))=[^&\s\"']+"), r"\1=[hidden]"),
    (re.compile(r"(?i)\b([\w-]*(?:password|secret)[\w-]*[\"']?\s*[=:]\s*)[\"']?[^\s,&\"')}]+"), r"\1[hidden]"),
    (re.compile(r"://[^\s/@]*@"), "://[hidden]@"),
)

requests_log = logging.getLogger("app.requests")


class JsonFormatter(logging.Formatter):
    """A record as one line of ASCII: control characters and line ends arrive escaped, whoever sent them."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        fields: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            **(getattr(record, FIELDS, None) or self._told(record)),
        }
        return one_line(fields)

    def _told(self, record: logging.LogRecord) -> dict[str, str]:
        fields = {"message": without_secrets(record.getMessage())}
        if has_request_context():
            fields["request_id"] = request_id()
        if record.exc_info:
            fields["exception"] = without_secrets(self.formatException(record.exc_info))
        return fields


def one_line(fields: dict[str, Any]) -> str:
    """`fields` as JSON in ASCII: no character of them can end the line. The fast encoder does for most."""
    try:
        line = orjson.dumps(fields)
    except orjson.JSONEncodeError:
        return json.dumps(fields, default=str)
    return line.decode() if line.isascii() else json.dumps(fields)


def without_secrets(text: str) -> str:
    """`text` with tokens, signatures, passwords and a URL's credentials taken out."""
    for pattern, instead in SECRETS:
        text = pattern.sub(instead, text)
    return text


class StandardError(logging.Handler):
    """Writes each line at once, in one piece, to what sys.stderr is at that moment."""

    def createLock(self) -> None:  # noqa: N802 - logging's name
        """None: threads that wait for each other's lines would cost more than the lines."""
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record's line; a standard error that is gone ends no request."""
        try:
            _write_line(self.format(record))
        except Exception:  # noqa: BLE001 - a log must not end a request
            self.handleError(record)


def _write_line(line: str) -> None:
    try:
        descriptor = sys.stderr.fileno()
    except (AttributeError, OSError, ValueError):
        sys.stderr.write(line + "\n")
        return
    left = line.encode() + b"\n"
    while left:
        left = left[os.write(descriptor, left) :]


def settings() -> dict[str, Any]:
    """For logging.config.dictConfig, and so for gunicorn's `logconfig_dict`: all of the process in one form."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonFormatter}},
        "handlers": {"stderr": {"()": StandardError, "formatter": "json"}},
        "root": {"level": "WARNING", "handlers": ["stderr"]},
        "loggers": {
            "app": {"level": "INFO"},
            "gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True},
            "gunicorn.access": {"level": "CRITICAL", "handlers": [], "propagate": False},
            "urllib3": {"level": "ERROR"},
        },
    }


def configure() -> None:
    """Log as `settings` says where nobody has set that up yet, and leave others' handlers alone."""
    root = logging.getLogger()
    if not any(isinstance(handler, StandardError) for handler in root.handlers):
        handler = StandardError()
        handler.setFormatter(JsonFormatter())
        root.addHandler(handler)
    logging.getLogger("app").setLevel(logging.INFO)
    logging.getLogger("urllib3").setLevel(logging.ERROR)


def register(app: Flask) -> None:
    """Log every request of `app`."""
    configure()
    exchange.on_end(app, log_exchange)


def log_exchange(ended: Exchange) -> None:
    """The request's line. Its record is a copy: `log` would look for the line of code that called it, and for more."""
    level = logging.ERROR if ended.status >= 500 else logging.INFO
    if requests_log.isEnabledFor(level):
        record, now = logging.LogRecord.__new__(logging.LogRecord), time.time()
        record.__dict__ = {**_template(level), "created": now, "msecs": now % 1 * 1000, FIELDS: _fields(ended)}
        requests_log.handle(record)


@functools.cache
def _template(level: int) -> dict[str, Any]:
    """What the records of all requests have in common."""
    return logging.LogRecord(requests_log.name, level, __file__, 0, "request", (), None).__dict__


def _fields(ended: Exchange) -> dict[str, Any]:
    return {
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
