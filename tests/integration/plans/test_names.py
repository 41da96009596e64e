"""Packages by name are read by probes of indexes, whatever is asked for: no scan reads what is not shown."""

from typing import Any

import pytest

from app.packages.name_query import DETAILS, by_name, by_upload
from tests.integration.plans.plan import Explain

PROBES = 2 * 12 * 60
"""Rows that the probes of one page's names may read, in one scan: two for each platform and architecture."""

FILTERS: list[dict[str, Any]] = [
    *({}, {"platform": "linux"}, {"arch": "arm64"}, {"is_active": False}, {"trust": "none"}, {"blocked": True}),
    *({"platform": "windows", "arch": "amd64"}, {"platform": "linux", "arch": "386", "is_active": False}),
]


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_names(explain: Explain, filters: dict[str, Any]) -> None:
    """Each name costs one row of an index, in order and by the newest upload."""
    values = {**filters, "pattern": "%", "most": 51, "limit": 51, "after": "package-00100"}
    for query in (by_name(filters, continued=True), by_upload(filters, continued=False)):
        plan = explain(query, values)
        assert "Seq Scan" not in plan.kinds
        assert plan.rows_read <= 20 * 51


def test_details(explain: Explain) -> None:
    """What is told of a page's names reads a few rows for each of their platforms."""
    plan = explain(DETAILS, {"names": [f"package-{number:05}" for number in range(50)]})
    assert "Seq Scan" not in plan.kinds
    assert plan.rows_read <= PROBES
