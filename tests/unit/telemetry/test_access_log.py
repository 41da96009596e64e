"""The access log: a line for each request."""

import contextlib
import io
import json
import logging
import os
import re
import sys
from pathlib import Path

import pytest
from flask import Flask

from app.telemetry import access_log, logs, request_id
from app.telemetry.exchange import Exchange
from tests import threads

ENDED = Exchange("r-1", "GET", "/packages/<id>", "::1", "anna", 206, 1, 22, 0.0123456)


def test_a_request(capsys: pytest.CaptureFixture[str]) -> None:
    """A request is one line with its route and its caller, and without its path, its query and its token."""
    app = Flask("app.under_test")
    request_id.register(app)
    access_log.register(app)
    app.add_url_rule("/hello/<name>", "hello", lambda name: f"hello {name}")
    headers = {"X-Request-ID": "r-1", "Authorization": "Bearer secret"}
    with app.test_client().get("/hello/anna?token=secret", headers=headers):
        pass
    (line,) = map(json.loads, capsys.readouterr().err.splitlines())
    assert line.pop("duration_ms") > 0
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "info",
        "logger": "app.requests",
        "message": "request",
        "request_id": "r-1",
        "user": None,
        "address": "127.0.0.1",
        "method": "GET",
        "route": "/hello/<name>",
        "status": 200,
        "bytes_in": 0,
        "bytes_out": 10,
    }


def test_format_to_the_byte(capsys: pytest.CaptureFixture[str]) -> None:
    """Members stand in one order and without spaces, for those who read lines by patterns."""
    access_log.log_exchange(ENDED)
    line = re.sub(r'"time":"[0-9-]{10}T[0-9:]{8}\.[0-9]{3}\+00:00"', '"time":""', capsys.readouterr().err)
    assert line == (
        '{"time":"","level":"info","logger":"app.requests","message":"request","request_id":"r-1","user":"anna",'
        '"address":"::1","method":"GET","route":"/packages/<id>","status":206,"bytes_in":1,"bytes_out":22,'
        '"duration_ms":12.346}\n'
    )


def test_level_of_our_faults(capsys: pytest.CaptureFixture[str]) -> None:
    """A request that failed in the service is logged as an error."""
    access_log.log_exchange(Exchange("r", "GET", "/", "::1", None, 503))
    assert json.loads(capsys.readouterr().err)["level"] == "error"


def test_beside_logging(capsys: pytest.CaptureFixture[str]) -> None:
    """A line comes out while another thread holds the log handlers' locks."""
    logs.configure()
    with contextlib.ExitStack() as held:
        for lock in filter(None, (handler.lock for handler in logging.getLogger().handlers)):
            held.enter_context(lock)
        [thread] = threads.start(lambda: access_log.log_exchange(ENDED))
        thread.join(5)
        lines = capsys.readouterr().err
    threads.join([thread])
    assert lines.count("\n") == 1


def test_written_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line is one write to the descriptor, so that those of several processes do not mix."""
    written: list[bytes] = []
    monkeypatch.setattr(sys, "stderr", sys.__stderr__)
    monkeypatch.setattr(os, "write", lambda _, line: written.append(bytes(line)) or len(line))
    access_log.log_exchange(ENDED)
    assert [line[-1:] for line in written] == [b"\n"]


def test_standard_error_was_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A standard error that is closed ends no request."""
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    access_log.log_exchange(ENDED)


def test_standard_error_on_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A standard error that takes nothing ends no request."""
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stderr", full)
        access_log.log_exchange(ENDED)


def test_no_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that was started without a standard error answers requests."""
    monkeypatch.setattr(sys, "stderr", None)
    access_log.log_exchange(ENDED)
