"""Ctrl-C."""

import os
import signal
import subprocess

from dev.parts import processes
from tests.client.conftest import User
from tests.faults.proxy import proxying
from tests.faults.site import Site


def test_an_interrupt(site: Site, publisher: User, name: str) -> None:
    """It ends the command at once with 130 and one line, whatever is on its way."""
    file = publisher.file(f"{name}_1.0.0_linux_amd64", os.urandom(8 << 20))
    with proxying(site.service.port) as proxy:
        environ = {**publisher.environ, "OPAMPKG_SERVER": f"http://{proxy.address}"}
        command = [publisher.program, "publish", file]
        running = subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True)
        sent: list[int] = []
        proxy.delay = 0.1
        proxy.watch = lambda block: sent.append(len(block)) is None
        processes.wait_until(lambda: sum(sent) > 1 << 20, "The upload", 30)
        running.send_signal(signal.SIGINT)
        _, told = running.communicate(timeout=10)
    assert running.returncode == 130
    assert told.splitlines() == ["opampkg: interrupted; run it again, and it goes on where it stopped."]
