"""The namespaces that the tests of several machines make."""

import subprocess
import sys
from pathlib import Path

import pytest

from dev.checkout import PROJECT
from dev.parts import processes
from tests.scale import network, rig

PROGRAM = """
import subprocess, time
from tests.scale.network import network
with network("left", aliases={}) as machines:
    print(subprocess.Popen([*machines["left"].prefix, "sleep", "600"]).pid, flush=True)
    time.sleep(600)
"""


def test_what_a_killed_run_left_is_removed_by_the_next() -> None:
    """No namespace, link, hosts file or program outlives it."""
    if missing := rig.missing():
        pytest.skip(f"needs {missing}")
    started = subprocess.Popen([sys.executable, "-c", PROGRAM], cwd=PROJECT, stdout=subprocess.PIPE)
    with processes.ended_at_last(started) as killed:
        assert killed.stdout
        program = Path("/proc", killed.stdout.readline().decode().strip())
        left = network.belongings(killed.pid)
        killed.kill()
    network.sweep()
    assert len(left) == 3
    assert network.belongings(killed.pid) == set()
    processes.wait_until(lambda: not program.exists(), "The end of what ran there", 10)
