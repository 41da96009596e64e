"""Metric values in the memory that processes share, and their text."""

import logging
import subprocess
import sys

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.telemetry import shared_values
from app.telemetry.exposition import text_format
from app.telemetry.shared_values import SharedValues, Value

FORKED = """
import os, signal, sys
from app.telemetry import metrics
from app.telemetry.exchange import Exchange

def counting(slot):
    metrics.shared.enter(slot)
    for _ in range(5):
        metrics.count_exchange(Exchange("r", "GET", "/x", "", None, 200, 10, 100, 0.2))
    metrics.count_storage_error("write")
    metrics.uploads.inc()
    os.kill(os.getpid(), signal.SIGKILL)

metrics.shared.share(2)
for reused in range(3):
    slots = [metrics.shared.reserve() for _ in range(2)]
    for slot in slots:
        child = os.fork()
        if not child:
            counting(slot)
        os.waitpid(child, 0)
    print(metrics.exposition().decode(), end="# next\\n")
    for slot in slots:
        metrics.shared.release(slot)
print(metrics.exposition().decode())
"""


def samples(text: str) -> dict[str, float]:
    """Each sample's value under its name."""
    found = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {sample.name.removeprefix("opamp_packages_"): sample.value for sample in found}


@pytest.fixture(scope="module")
def told() -> list[dict[str, float]]:
    """What the parent of two killed processes tells, three times over, and after they are released."""
    run = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, check=True, timeout=60)
    return [samples(text) for text in run.stdout.split("# next\n")]


def counter(shared: SharedValues, label: str) -> Value:
    """A value with one label."""
    return Value(shared, "counter", "m", "m_total", ("of",), (label,), "Help.")


def test_all_processes_together(told: list[dict[str, float]]) -> None:
    """What is told is the sum of all processes."""
    first = told[0]
    assert first["http_requests_total"] == 10
    assert first["http_request_duration_seconds_count"] == 10
    assert first["http_request_duration_seconds_sum"] == pytest.approx(2)
    assert first["http_sent_bytes_total"] == 1000
    assert first["http_received_bytes_total"] == 100
    assert first["storage_errors_total"] == 2


def test_counting_goes_on(told: list[dict[str, float]]) -> None:
    """A process in the slot of a killed one goes on from its counts."""
    assert [one["http_requests_total"] for one in told] == [10, 20, 30, 30]


def test_gauges_end_with_their_process(told: list[dict[str, float]]) -> None:
    """Uploads of dead processes are not in progress."""
    assert [one["uploads_in_progress"] for one in told] == [2, 2, 2, 0]


def test_buckets_are_cumulative() -> None:
    """A histogram's buckets count what is below them too."""
    code = """
from app.telemetry import metrics
for seconds in (0.3, 0.3, 7, 10000):
    metrics.duration.labels("GET", "/x").observe(seconds)
print(metrics.exposition().decode())
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    families = {family.name: family for family in text_string_to_metric_families(run.stdout)}
    buckets = families["opamp_packages_http_request_duration_seconds"].samples
    counts = {sample.labels["le"]: sample.value for sample in buckets if "le" in sample.labels}
    assert (counts["0.25"], counts["0.5"], counts["5.0"], counts["10.0"], counts["+Inf"]) == (0, 2, 2, 3, 4)


def test_a_full_slot(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no room for more values one line says so, and counting them harms nobody."""
    monkeypatch.setattr(shared_values, "SLOT_SIZE", 8 + 8 * shared_values.CELLS + 150)
    shared = SharedValues()
    with caplog.at_level(logging.WARNING):
        values = [counter(shared, label) for label in ("first", "second", "third", "fourth")]
    for value in values:
        value.inc(2)
    assert [total for _, total in sorted(shared.totals().items())] == [2, 2]
    assert len(caplog.records) == 1


def test_more_processes_than_slots(caplog: pytest.LogCaptureFixture) -> None:
    """One process too many counts for itself, and a line says so."""
    shared = SharedValues()
    shared.share(1)
    shared.reserve()
    with caplog.at_level(logging.WARNING):
        assert shared.reserve() not in shared.slots
    assert len(caplog.records) == 1


def test_labels_of_any_text() -> None:
    """A label's line ends and quotes arrive as they were."""
    shared = SharedValues()
    counter(shared, 'a"\n\\ü').inc(1)
    (family,) = text_string_to_metric_families(text_format(shared.totals(), ()).decode())
    assert family.samples[0].labels == {"of": 'a"\n\\ü'}
