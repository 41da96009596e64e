"""Uploads in pieces, for the table of faults: killed at each step and at random, and in every outage."""

from collections.abc import Callable

from tests.faults import piece_faults, piece_kills
from tests.faults.piece_kills import PieceCampaign
from tests.faults.site import Site
from tests.faults.surroundings import Told

MIB = 1 << 20


def all_told(site: Site, kills: int, say: Callable[[str], None]) -> list[Told]:
    """Everything."""
    steps = killed_at_steps(site, say)
    say(f"uploads in pieces, killed at steps: {steps}")
    at_random = PieceCampaign()
    piece_kills.kill_at_random(site, at_random, kills)
    say(f"uploads in pieces, killed at random: {at_random}")
    failed = piece_faults.failed(site)
    say(f"uploads in pieces, faults that ended otherwise: {failed}")
    most = max(steps.again, at_random.again)
    both, uploads = steps.kills + at_random.kills, steps.uploads + at_random.uploads
    return [
        Told("steps of uploads in pieces that were missed", steps.kills, len(steps.missed)),
        Told("offsets that went back after a SIGKILL", both, steps.went_back + at_random.went_back),
        Told("files in pieces with other bytes", uploads, steps.differing + at_random.differing),
        Told(f"over 32 MiB sent again (most: {most / MIB:.1f})", both, int(most > piece_kills.MAY_BE_ASKED_AGAIN)),
        Told("of them left over after reconcile", both, steps.findings.wrong + at_random.findings.wrong),
        Told("outages, races, restarts of pieces with a loss", faults(), len(failed)),
    ]


def killed_at_steps(site: Site, say: Callable[[str], None]) -> PieceCampaign:
    """Before and after each."""
    campaign = PieceCampaign()
    for after in (False, True):
        for step in piece_kills.STEPS:
            piece_kills.kill_at(site, campaign, step, after=after)
        for name in piece_kills.OTHER_STEPS:
            piece_kills.kill_other(site, campaign, name, after=after)
        say(f"{campaign.kills} kills of uploads in pieces: {campaign.findings}")
    return campaign


def faults() -> int:
    """How many there are."""
    return len(piece_faults.SCENARIOS) + len(piece_faults.OUTAGES)
