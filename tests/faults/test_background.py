"""Background jobs: they run in the real service, by themselves, and one at a time."""

from collections.abc import Iterator

import pytest

from app.objects.reconcile import RECONCILE_LOCK
from app.operations.background import run_alone
from dev.parts import processes
from tests.databases import execute
from tests.faults import service
from tests.faults.audit import query
from tests.faults.site import Site

OFTEN = [*service.GUNICORN[:4], "tests/faults/often.py", "wsgi:app"]
ABANDONED = """
INSERT INTO objects (key, state, created_at, changed_at)
SELECT 'objects/00/abandoned' || n, 'writing', now() - interval '2 days', now() - interval '2 days'
FROM generate_series(1, 20) n
"""


@pytest.fixture
def replicas(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[service.Service]]:
    """Two more instances on the same database and bucket, whose jobs run about twice a second."""
    monkeypatch.setattr(service, "GUNICORN", OFTEN)
    built = [service.Service(site.service.folder, site.service.sections) for _ in range(2)]
    try:
        for each in built:
            each.start()
        yield built
    finally:
        for each in built:
            each.kill()


def test_it_settles_what_was_abandoned(site: Site, replicas: list[service.Service]) -> None:
    """Without any command what a crash left behind is settled, each of it once, and no worker stumbles."""
    execute(site.direct_url, ABANDONED)
    abandoned = "SELECT state FROM objects WHERE key LIKE 'objects/00/abandoned%'"
    processes.wait_until(lambda: {row[0] for row in query(site, abandoned)} == {"deleted"}, "The job", 15)

    def logs() -> str:
        return "".join(each.log.read_text() for each in replicas)

    # The line comes when the whole run is over, a moment after the last row.
    processes.wait_until(lambda: "abandoned=20" in logs(), "The job's line", 15)
    assert logs().count("abandoned=20") == 1
    assert "reconcile failed" not in logs()
    execute(site.direct_url, "DELETE FROM objects WHERE key LIKE 'objects/00/abandoned%'")


def test_one_at_a_time(site: Site) -> None:
    """While one reconciler has the lock another does nothing, and does not wait."""
    reconcile = next(job for job in site.parts.jobs if job.lock == RECONCILE_LOCK)
    with site.parts.database.exclusively(RECONCILE_LOCK, wait=True):
        assert run_alone(site.parts.database, reconcile) is False
    assert run_alone(site.parts.database, reconcile) is True


def test_a_pool_of_one_connection(site: Site) -> None:
    """The command works where each worker may have one connection: the lock's own is not of the pool."""
    site.service.sections["database"]["pool_size"] = 1
    try:
        ended = site.service.command("storage", "reconcile", "--grace", "0")
    finally:
        del site.service.sections["database"]["pool_size"]
    assert ended.returncode == 0, ended.stdout
