"""Prometheus' text format of metric values that are summed over processes."""

import json
from collections.abc import Iterable, Iterator

from prometheus_client import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector


class SummedCollector(Collector):
    """Families of metrics out of their values' sums, as SharedValues.totals returns them.

    `known`: families that are there even while nothing was counted, so that a query for one finds it.
    """

    def __init__(self, totals: dict[bytes, float], known: Iterable[Metric]) -> None:
        self._totals = totals
        self._known = known

    def collect(self) -> Iterator[Metric]:
        """The families by name."""
        families = {family.name: Metric(family.name, family.documentation, family.type) for family in self._known}
        for key, value in self._totals.items():
            kind, metric, name, labels, help_text = json.loads(key)
            family = families.setdefault(metric, Metric(metric, help_text, kind))
            family.add_sample(name, labels, value)
        for _, family in sorted(families.items()):
            if family.type == "histogram":
                _accumulate(family)
            yield family


def _accumulate(histogram: Metric) -> None:
    """Buckets count what is below them too; the last one is the count. They are there in ascending order."""
    counts: dict[tuple[tuple[str, str], ...], float] = {}
    for index, sample in enumerate(histogram.samples):
        if "le" in sample.labels:
            labels = tuple(item for item in sample.labels.items() if item[0] != "le")
            counts[labels] = counts.get(labels, 0.0) + sample.value
            histogram.samples[index] = sample._replace(value=counts[labels])
    for labels, count in counts.items():
        histogram.add_sample(f"{histogram.name}_count", dict(labels), count)


def text_format(totals: dict[bytes, float], known: Iterable[Metric]) -> bytes:
    """The text format, version 0.0.4."""
    return generate_latest(SummedCollector(totals, known))
