"""SIGKILL at any moment of an upload in pieces: no told offset goes back, and the file comes out whole."""

import os

import pytest

from tests.faults import piece_kills
from tests.faults.piece_kills import PieceCampaign
from tests.faults.site import Site

KILLS = int(os.environ.get("OPAMP_TEST_KILLS", "5"))
"""At random; `python -m tests.faults` has 100."""

NUMBERS = range(len(piece_kills.STEPS))


@pytest.mark.parametrize("number", NUMBERS, ids=[step.name for step in piece_kills.STEPS])
def test_killed_at_a_step(site: Site, number: int) -> None:
    """A kill right after a step (odd ones: right before it) costs no told byte, and nothing is left over."""
    campaign = PieceCampaign()
    piece_kills.kill_at(site, campaign, piece_kills.STEPS[number], after=number % 2 == 0)
    assert campaign.wrong == 0, campaign


@pytest.mark.parametrize("name", piece_kills.OTHER_STEPS)
def test_killed_at_the_beginning_or_the_end(site: Site, name: str) -> None:
    """Of an upload that is created or ended nothing is left over."""
    campaign = PieceCampaign()
    piece_kills.kill_other(site, campaign, name, after=True)
    assert campaign.wrong == 0, campaign


def test_killed_at_random(site: Site) -> None:
    """No told offset goes back, at most 32 MiB are asked for again, and every file comes out whole."""
    campaign = PieceCampaign()
    piece_kills.kill_at_random(site, campaign, KILLS)
    assert campaign.wrong == 0, campaign
    assert campaign.again <= piece_kills.MAY_BE_ASKED_AGAIN
