"""A test that hangs where no signal reaches it ends the run, and says where it was."""

import subprocess
import sys
from pathlib import Path

import pytest

from dev.checkout import PROJECT

FAILING = """
import ctypes, pytest

@pytest.fixture
def hanging():
    yield
    libc = ctypes.CDLL(None)
    # As libpq does: it waits on after a signal, and Python's handlers never run.
    while True:
        libc.poll(None, 0, 1_000_000)

def test_it(hanging):
    assert {passes}
"""


@pytest.mark.parametrize("passes", [True, False])
def test_a_fixture_that_never_ends(tmp_path: Path, passes: bool) -> None:
    """After a test that has passed, and after one that has failed."""
    (tmp_path / "test_it.py").write_text(FAILING.format(passes=passes))
    (tmp_path / "conftest.py").write_text("import tests.conftest as ours\nours.LIMIT = 1\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider"]
    command += ["-c", str(PROJECT / "pyproject.toml"), "--rootdir", str(tmp_path), str(tmp_path)]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1
    assert "in hanging" in ended.stderr
