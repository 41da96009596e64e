"""Packages of one name in several versions."""

import pytest
from flask.testing import FlaskClient

from tests.api.packages.publishing import published

VERSIONS = ["0.9.0", "0.13.0", "1.0.0-rc.1", "1.0.0", "2024.1", "v1.1.0"]


@pytest.fixture
def released(publisher: FlaskClient) -> FlaskClient:
    """A publisher's client, with VERSIONS published in that order."""
    for number, version in enumerate(VERSIONS):
        published(publisher, f"bytes {version}".encode(), version=version, description=f"release {number} 100%")
    return publisher
