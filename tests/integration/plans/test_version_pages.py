"""Versions of one name are read by probes of an index; what a name has is counted up to a bound."""

import pytest

from app.packages.version_pages import ABOVE_ALL, PAGE, TOTAL
from tests.integration.plans.plan import Explain

NAME = "package-00100"


@pytest.mark.parametrize("after", [ABOVE_ALL, "11311310~"])
def test_a_page(explain: Explain, after: str) -> None:
    """A page costs a row of the index for each version, and its files."""
    plan = explain(PAGE, {"name": NAME, "after": after, "limit": 21})
    assert "Seq Scan" not in plan.kinds
    assert plan.rows_read <= 21 * 14


def test_what_there_is(explain: Explain) -> None:
    """Only the name's own files are counted."""
    plan = explain(TOTAL, {"name": NAME, "most": 20_001})
    assert "Seq Scan" not in plan.kinds
    assert plan.rows_read <= 500
