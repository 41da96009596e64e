"""Log lines."""

import json
import logging
import logging.config
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app.http import problems
from app.telemetry import access_log, logs, request_id

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLW9mLWEtdG9rZW4"
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    """The lines that were logged since, each as its JSON."""
    logs.configure()
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@pytest.fixture
def app() -> Flask:
    """An app that logs."""
    app = Flask("app.under_test")
    request_id.register(app)
    access_log.register(app)
    problems.register(app)
    app.add_url_rule("/hello/<name>", "hello", lambda name: f"hello {name}")
    return app


def formatted(message: str, *arguments: object, **attributes: Any) -> str:
    """The line of one record."""
    record = logging.LogRecord("app.x", logging.WARNING, __file__, 1, message, arguments, None)
    record.__dict__.update(attributes)
    return logs.JsonFormatter().format(record)


def test_unexpected_error(app: Flask, lines: Lines) -> None:
    """A fault of ours is one line with its traceback, under the request's id, beside the request's line."""
    app.add_url_rule("/broken", "broken", lambda: 1 // 0)
    with app.test_client().get("/broken", headers={"X-Request-ID": "r-2"}):
        pass
    fault, line = lines()
    assert "ZeroDivisionError" in fault["exception"]
    assert fault["level"] == line["level"] == "error"
    assert fault["request_id"] == line["request_id"] == "r-2"


@given(st.text())
def test_one_line_of_ascii(text: str) -> None:
    """Whatever a text holds, its record is one line of ASCII that reads back as it was."""
    line = logs.one_line({"text": text})
    assert line.isascii()
    assert len(line.splitlines()) == 1
    assert json.loads(line) == {"text": text}


def test_line_ends_are_escaped() -> None:
    """A line end in a message makes no second line."""
    line = formatted("user %s", 'anna\n{"level": "info"}\r\u2028')
    assert len(line.splitlines()) == 1
    assert json.loads(line)["message"] == 'user anna\n{"level": "info"}\r\u2028'


def test_values_of_any_type() -> None:
    """A field of a type that JSON does not know is told as its text."""
    assert json.loads(logs.one_line({"at": object})) == {"at": str(object)}


@pytest.mark.parametrize(
    "text",
    [
        f"got {TOKEN} there",
        f"Authorization: Bearer {TOKEN[:30]}",
        "Basic c2lnbmF0dXJlLW9mLWEtdG9rZW4=",
        "GET /b/k?X-Amz-Signature=c2lnbmF0dXJlLW9mLWEtdG9rZW4&x=1",
        "postgresql://user:c2lnbmF0dXJlLW9mLWEtdG9rZW4@host/db",
        "could not connect: password=c2lnbmF0dXJlLW9mLWEtdG9rZW4 host=x",
        "{'secret_key': 'c2lnbmF0dXJlLW9mLWEtdG9rZW4'}",
        '{"password": "c2lnbmF0dXJlLW9mLWEtdG9rZW4"}',
    ],
)
def test_secrets_are_taken_out(text: str) -> None:
    """Tokens, signatures, passwords and credentials stand in no message and no traceback."""
    error = ValueError(text)
    line = formatted("failed: %s", text, exc_info=(ValueError, error, None))
    assert "c2lnbmF0dXJlLW9mLWEtdG9rZW4" not in line
    assert TOKEN[:30] not in line
    assert "hidden" in line or "[token]" in line


def test_harmless_text_stays() -> None:
    """A message without a secret is told as it is."""
    text = "GET http://127.0.0.1:9000/bucket/objects/ab/ab12 answered 500; user anna@example.com, 3 of 4"
    assert logs.without_secrets(text) == text


def test_configured_once(app: Flask, lines: Lines) -> None:
    """Two applications in a process log each line once."""
    access_log.register(Flask("app.other"))
    logging.getLogger("app.x").warning("once")
    assert len(lines()) == 1


def test_handler_has_a_lock() -> None:
    """The handler keeps logging's lock: from Python 3.13 on, logging takes it without asking whether there is one."""
    assert logs.StandardError().lock is not None


def test_settings_for_gunicorn() -> None:
    """The settings are taken by logging.config, and gunicorn's own lines come out in the same form, once."""
    script = (
        "import logging, logging.config; from app.telemetry import logs\n"
        "logging.getLogger('gunicorn.error').addHandler(logging.StreamHandler())\n"
        "logging.config.dictConfig(logs.settings()); logs.configure()\n"
        "logging.getLogger('gunicorn.error').info('Booting')\n"
        "logging.getLogger('app.x').info('ours'); logging.getLogger('other').info('no')\n"
        "logging.getLogger('urllib3.connectionpool').warning('Retrying')\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert [json.loads(line)["message"] for line in run.stderr.splitlines()] == ["Booting", "ours"]
