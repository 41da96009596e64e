"""Ctrl-C at any moment of start-dev.sh leaves nothing running and nothing broken."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dev.parts import processes
from tests.e2e.checkout import Checkout, fresh_clone


def interrupted(script: subprocess.Popen[str], when: Callable[[], bool], *, group: bool = True) -> str:
    """Interrupt the script once `when` holds; its output. Ctrl-C reaches the whole group of the terminal."""
    processes.wait_until(lambda: when() or script.poll() is not None, "the moment", seconds=120)
    assert script.poll() is None, script.communicate(timeout=60)[0]
    if group:
        os.killpg(script.pid, signal.SIGINT)
    else:
        script.send_signal(signal.SIGTERM)
    output, _ = script.communicate(timeout=60)
    assert script.returncode == 130, output
    return output


def recorded(checkout: Checkout) -> list[str]:
    """The names of what the start has in the background."""
    record = checkout.folder / "data" / "dev" / "state.json"
    return [part["name"] for part in json.loads(record.read_text())["parts"]] if record.exists() else []


def start(checkout: Checkout) -> subprocess.Popen[str]:
    """A start on the folder backend."""
    return checkout.begin("start-dev.sh", "--storage", "filesystem", "--port", str(processes.free_port()))


@pytest.mark.parametrize("name", ["PostgreSQL", "the service"])
@pytest.mark.parametrize("group", [True, False], ids=["Ctrl-C", "SIGTERM"])
def test_interrupted_after_a_start(checkout: Checkout, name: str, group: bool) -> None:
    """Interrupted as soon as a part runs, the start ends with 130 and leaves no process; the next start works."""
    interrupted(start(checkout), lambda: name in recorded(checkout), group=group)
    assert checkout.processes() == []
    assert checkout.run("stop-dev.sh").stdout == "Nothing is running.\n"


@pytest.mark.parametrize("delay", [0.2, 0.8, 1.6, 2.4, 3.2])
def test_interrupted_after_a_while(checkout: Checkout, delay: float) -> None:
    """Interrupted whenever, the start leaves no process."""
    begun = time.monotonic()
    script = start(checkout)
    processes.wait_until(lambda: time.monotonic() - begun > delay, "the delay")
    os.killpg(script.pid, signal.SIGINT)
    output, _ = script.communicate(timeout=60)
    # Before our first line has run it is the shell that ends, or Python while it loads modules (status 1).
    before_us = script.returncode == 1 and "KeyboardInterrupt" in output
    assert script.returncode in {130, -signal.SIGINT} or before_us, output
    assert checkout.processes() == []


def test_interrupted_installation(services_folder: Path) -> None:
    """An installation that was interrupted is done again by the next start, and leaves no process meanwhile."""
    checkout = fresh_clone(services_folder / "interrupted")
    unfinished = checkout.folder / ".venv" / ".opamp-unfinished"
    interrupted(start(checkout), unfinished.exists)
    assert checkout.processes() == []
    assert unfinished.exists()
    again = checkout.run("start-dev.sh", "--storage", "filesystem", "--port", str(processes.free_port()))
    checkout.run("stop-dev.sh")
    assert again.returncode == 0, again.stderr
    assert not unfinished.exists()
