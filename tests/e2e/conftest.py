"""A fresh clone for the scripts' tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.checkout import Checkout, fresh_clone


@pytest.fixture(scope="session")
def shared_checkout(services_folder: Path) -> Checkout:
    """A clone whose path has a space in it, and is too long for a socket."""
    return fresh_clone(services_folder / f"a clone {'x' * 80}")


@pytest.fixture
def checkout(shared_checkout: Checkout) -> Iterator[Checkout]:
    """The clone with nothing running in it, before and after."""
    yield shared_checkout
    shared_checkout.run("stop-dev.sh")
