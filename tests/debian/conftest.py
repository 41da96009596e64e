"""Debians with newer Pythons than the one that runs these tests, each with a fresh clone."""

from pathlib import Path

import pytest

from tests.debian import base
from tests.debian.machine import Machine
from tests.e2e.checkout import fresh_clone


@pytest.fixture(scope="module", params=list(base.PYTHONS)[1:])
def suite(request: pytest.FixtureRequest) -> str:
    """The name of a suite of Debian."""
    return str(request.param)


@pytest.fixture(scope="module")
def machine(suite: str, services_folder: Path) -> Machine:
    """A Debian with nothing but Python and curl, and what is committed."""
    absent = base.absent("unshare", "git")
    if absent:
        pytest.skip(f"needs {', '.join(absent)}")
    machine = Machine(services_folder / suite)
    base.unpack(suite, machine.root)
    machine.connect()
    fresh_clone(machine.checkout)
    return machine
