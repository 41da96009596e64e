"""Metrics, by one process and by several."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.telemetry import metrics
from app.telemetry.exchange import Exchange

ROUTE = "/of/the/metrics/test"
WORKER = """
import sys
from app.telemetry import metrics
from app.telemetry.exchange import Exchange
for _ in range(5):
    metrics.count_exchange(Exchange("r", "GET", "/x", "", None, 200, 10, 100, 0.2))
metrics.count_storage_error("write")
metrics.count_database_error()
with metrics.uploading():
    print("uploading", flush=True)
    sys.stdin.read()
"""
READER = "from app.telemetry import metrics; print(metrics.exposition().decode())"


def samples(text: str) -> dict[tuple[str, ...], float]:
    """Each sample's value under its name and the values of its labels, in the labels' order of names."""
    return {
        (
            sample.name.removeprefix("opamp_packages_"),
            *(sample.labels[name] for name in sorted(sample.labels)),
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def now() -> dict[tuple[str, ...], float]:
    """This process's samples."""
    return samples(metrics.exposition().decode())


def growth(act: Callable[[], object]) -> dict[tuple[str, ...], float]:
    """What `act` adds to the samples."""
    before = now()
    act()
    return {key: value - before.get(key, 0) for key, value in now().items() if value != before.get(key, 0)}


def test_exchange() -> None:
    """A request counts by method, route and status, with its time and its bytes."""
    grown = growth(lambda: metrics.count_exchange(Exchange("r", "GET", ROUTE, "", "u", 206, 3, 5, 0.3)))
    assert grown["http_requests_total", "GET", ROUTE, "206"] == 1
    assert grown["http_request_duration_seconds_count", "GET", ROUTE] == 1
    assert grown["http_request_duration_seconds_sum", "GET", ROUTE] == pytest.approx(0.3)
    assert grown["http_request_duration_seconds_bucket", "0.5", "GET", ROUTE] == 1
    assert ("http_request_duration_seconds_bucket", "0.25", "GET", ROUTE) not in grown
    assert grown["http_received_bytes_total",] == 3
    assert grown["http_sent_bytes_total",] == 5


def test_errors() -> None:
    """Errors of storage count by operation, those of the database together."""
    assert growth(lambda: metrics.count_storage_error("open"))["storage_errors_total", "open"] == 1
    assert growth(metrics.count_database_error)["database_errors_total",] == 1


def test_uploads_in_progress() -> None:
    """An upload is in progress until it ends, also by an error."""

    @metrics.uploading()
    def upload() -> None:
        assert now()["uploads_in_progress",] == 1
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        upload()
    assert now()["uploads_in_progress",] == 0


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that processes share their numbers in."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    return tmp_path


def worker() -> subprocess.Popen[bytes]:
    """A process that has counted five requests and is in the middle of an upload."""
    process = subprocess.Popen([sys.executable, "-c", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == b"uploading\n"
    return process


def read() -> dict[tuple[str, ...], float]:
    """What a further process tells of all of them."""
    run = subprocess.run([sys.executable, "-c", READER], capture_output=True, text=True, check=True)
    return samples(run.stdout)


def end(process: subprocess.Popen[bytes]) -> None:
    """Let the process's upload end, and the process with it."""
    process.communicate()


def test_all_workers_together(folder: Path) -> None:
    """Any process tells the sum of all; the uploads of a killed one are forgotten, its counts are not."""
    first, second = worker(), worker()
    both = read()
    assert both["http_requests_total", "GET", "/x", "200"] == 10
    assert both["http_request_duration_seconds_count", "GET", "/x"] == 10
    assert both["http_sent_bytes_total",] == 1000
    assert both["http_received_bytes_total",] == 100
    assert both["storage_errors_total", "write"] == 2
    assert both["database_errors_total",] == 2
    assert both["uploads_in_progress",] == 2

    os.kill(first.pid, signal.SIGKILL)
    end(first)
    metrics.forget_worker(first.pid)
    one = read()
    assert one["uploads_in_progress",] == 1
    assert one["http_requests_total", "GET", "/x", "200"] == 10
    end(second)
    assert read()["uploads_in_progress",] == 0


def test_forgetting_without_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the numbers are one process's, there is nothing to forget."""
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    metrics.forget_worker(os.getpid())
