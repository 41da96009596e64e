"""Uploads in pieces while what they stand on breaks, and while several send at once."""

import pytest

from tests.faults import piece_faults
from tests.faults.piece_storage import Scenario
from tests.faults.site import Site


@pytest.mark.parametrize("name", piece_faults.OUTAGES)
def test_an_outage(site: Site, name: str) -> None:
    """503 or 507 in time; what was told is kept, and goes on afterwards."""
    piece_faults.outage(site, name)


@pytest.mark.parametrize("scenario", piece_faults.SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_a_fault(site: Site, scenario: Scenario) -> None:
    """The file comes out whole or not at all, and nothing is left over; each scenario says what besides."""
    scenario(site)
