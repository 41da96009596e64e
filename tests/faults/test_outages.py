"""A dead PostgreSQL or S3, in every way that can be produced: answered at once, named, and over when it is over."""

import pytest

from tests.faults import outages
from tests.faults.outages import DATABASE_FAULTS, STORAGE_FAULTS, percentile
from tests.faults.site import Site


@pytest.mark.parametrize("fault", [*STORAGE_FAULTS, *DATABASE_FAULTS])
def test_an_outage(site: Site, fault: str) -> None:
    """503 with Retry-After within 2 s, JSON reads as long as PostgreSQL lives, the part named, back within 5 s."""
    outage = outages.suffer(site, fault, seconds=2, clients=8)
    assert not outage.wrong
    # What the machine costs at this moment, told by a request that waits for nothing, is not the service's.
    limit = outages.LIMIT + percentile(outage.control)
    assert percentile(outage.refused) <= limit
    assert percentile(outage.served) <= limit
    assert outage.recovery <= outages.RECOVERY
    storage_is_dead = fault in STORAGE_FAULTS
    assert outage.parts == {
        "database": "ok" if storage_is_dead else "down",
        "storage": "down" if storage_is_dead else "ok",
    }


def test_more_clients_than_threads(site: Site) -> None:
    """With more clients than threads nobody waits for a thread that waits for the S3, JSON reads least of all."""
    outage = outages.suffer(site, "S3 frozen (SIGSTOP)", seconds=4, clients=48)
    assert not outage.wrong
    assert percentile(outage.served) <= outages.LIMIT + percentile(outage.control)
    assert percentile(outage.refused, 0.9) <= outages.LIMIT + percentile(outage.control)
