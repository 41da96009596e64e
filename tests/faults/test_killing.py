"""SIGKILL at any moment loses nothing that was acknowledged and leaves nothing that reconcile does not remove."""

import pytest

from tests.faults import killing
from tests.faults.killing import Campaign, Step
from tests.faults.site import Site


@pytest.fixture(scope="module")
def campaign() -> Campaign:
    """What all kills together have brought to light, so that later ones also watch over earlier uploads."""
    return Campaign()


@pytest.mark.parametrize("number", range(len(killing.STEPS)), ids=[step[0] for step in killing.STEPS])
def test_killed_at_a_step(site: Site, campaign: Campaign, number: int) -> None:
    """A kill right after a step (odd ones: right before it) leaves no row without bytes and no bytes without a row."""
    step: Step = killing.STEPS[number]
    killing.kill_at(site, campaign, step, after=number % 2 == 0)
    assert campaign.missed == []
    assert campaign.findings.wrong == 0, campaign.findings


def test_killed_under_load(site: Site, campaign: Campaign) -> None:
    """Kills at random moments of mixed traffic lose nothing."""
    for _ in range(3):
        killing.kill_at_random(site, campaign)
    assert campaign.findings.wrong == 0, campaign.findings
    assert campaign.acknowledged.uploads
