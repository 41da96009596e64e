"""A short campaign over HTTP; `python -m tests.trust.over_http` runs longer ones."""

from tests.faults.site import Site
from tests.trust.over_http import send


def test_mutants(site: Site) -> None:
    """Each mutant has an answer below 500 within a second, some are kept, and no package is unblocked by one."""
    answers = send(site.client(), 200)
    assert answers.bad == []
    assert answers.statuses[201] > 0
