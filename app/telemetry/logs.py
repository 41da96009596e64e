"""Logs: one JSON object a line on standard error. Messages and tracebacks pass a filter for secrets.

The filter takes out what looks like a token, a signature or the credentials of a URL. Request lines are written by
app.telemetry.access_log.
"""

import json
import logging
import re
import sys
import time
from datetime import UTC, datetime
from typing import Any

import orjson
from flask import has_request_context

from app.telemetry import metrics
from app.telemetry.request_id import request_id
from app.telemetry.standard_error import Output

SECRETS = (
    (re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*"), "[token]"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[^\s,\"']+"), r"\1 [hidden]"),
    (re.compile(r"(?i)\b(X-Amz-(?:Signature|Credential|Security-Token))=[^&\s\"']+"), r"\1=[hidden]"),
    (re.compile(r"(?i)\b([\w-]*(?:password|secret)[\w-]*[\"']?\s*[=:]\s*)[\"']?[^\s,&\"')}]+"), r"\1[hidden]"),
    (re.compile(r"://[^\s/@]*@"), "://[hidden]@"),
)


class JsonFormatter(logging.Formatter):
    """A record as one line of ASCII: control characters and line ends arrive escaped, whoever sent them."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        fields = {
            "time": timestamp(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": without_secrets(record.getMessage()),
        }
        if has_request_context():
            fields["request_id"] = request_id()
        if record.exc_info:
            fields["exception"] = without_secrets(self.formatException(record.exc_info))
        return one_line(fields)


def timestamp(seconds: float) -> str:
    """Seconds since the epoch as RFC 3339 in UTC, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


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

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record's line; a standard error that is gone ends no request."""
        try:
            write_line(self.format(record))
        except Exception:  # noqa: BLE001 - a log must not end a request
            self.handleError(record)


def write_line(line: str) -> None:
    """Write `line` and a line end to standard error, without waiting for it; all lines of the service pass here.

    Raises OSError or ValueError where standard error is closed, or a file on a disk that is full.
    """
    try:
        sys.stderr.fileno()
    except (AttributeError, OSError, ValueError):
        _write_to_object(line)
        return
    _output.write(line.encode() + b"\n")


def _write_to_object(line: str) -> None:
    """Where sys.stderr is no file: None without a console, or a test's object."""
    if sys.stderr is not None:
        sys.stderr.write(line + "\n")


def dropped_line(count: int) -> str:
    """What is logged once standard error takes lines again."""
    metrics.count_dropped_lines(count)
    message = f"standard error took no lines for a while: {count} were dropped"
    fields = {"time": timestamp(time.time()), "level": "warning", "logger": __name__, "message": message}
    return one_line(fields)


_output = Output(dropped_line)


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
