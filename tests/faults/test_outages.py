"""A dead PostgreSQL or S3, in every way that can be produced: answered at once, named, and over when it is over."""

import pytest

from tests.faults import outages
from tests.faults.outages import DATABASE_FAULTS, STORAGE_FAULTS, percentile
from tests.faults.site import Site

ATTEMPTS = 2
"""A host that stands still for a second looks like a fault of its own; what we do wrong, we do again."""


@pytest.mark.parametrize("fault", [*STORAGE_FAULTS, *DATABASE_FAULTS])
def test_an_outage(site: Site, fault: str) -> None:
    """503 with Retry-After within 2 s, JSON reads as long as PostgreSQL lives, the part named, back within 5 s."""
    storage_is_dead = fault in STORAGE_FAULTS
    parts = {"database": "ok" if storage_is_dead else "down", "storage": "down" if storage_is_dead else "ok"}
    found = []
    for _ in range(ATTEMPTS):
        outage = outages.suffer(site, fault, seconds=2, clients=8)
        found = missed(outage) + ([f"parts {outage.parts}"] if outage.parts != parts else [])
        if not found:
            break
    assert not found


def missed(outage: outages.Outage) -> list[str]:
    """What the outage shows that must not be."""
    # What the machine costs at this moment, told by a request that waits for nothing, is not the service's.
    limit = outages.LIMIT + percentile(outage.control)
    checks = {
        f"wrong answers {outage.wrong}": not outage.wrong,
        f"refused after {percentile(outage.refused):.1f} s": percentile(outage.refused) <= limit,
        f"served after {percentile(outage.served):.1f} s": percentile(outage.served) <= limit,
        f"back after {outage.recovery:.1f} s": outage.recovery <= outages.RECOVERY,
    }
    return [what for what, holds in checks.items() if not holds]


def test_more_clients_than_threads(site: Site) -> None:
    """With more clients than threads nobody waits for a thread that waits for the S3, JSON reads least of all."""
    found = []
    for _ in range(ATTEMPTS):
        outage = outages.suffer(site, "S3 frozen (SIGSTOP)", seconds=4, clients=48)
        limit = outages.LIMIT + percentile(outage.control)
        slow = {"served": percentile(outage.served), "refused": percentile(outage.refused, 0.9)}
        found = [outage.wrong] * bool(outage.wrong) + [each for each in slow.items() if each[1] > limit]
        if not found:
            break
    assert not found
