"""Metrics of one process."""

from collections.abc import Callable

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.telemetry import metrics
from app.telemetry.exchange import Exchange

ROUTE = "/of/the/metrics/test"


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
