"""What tests of faults share."""

import pytest

from tests.faults.client import Client
from tests.faults.site import Site


@pytest.fixture
def admin(site: Site) -> Client:
    """A client with the role admin."""
    return site.client("admin")
