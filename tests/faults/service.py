"""The real service: gunicorn in a process group of its own, set up by its environment alone."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dev.checkout import PROJECT
from dev.parts import processes
from dev.parts.files import last_lines
from tests.configuration import environment

GUNICORN = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"]
FLASK = [sys.executable, "-m", "flask", "--app", "wsgi"]


@dataclass
class Service:
    """One instance. `sections` are the configuration's; it can be started and stopped again and again."""

    folder: Path
    sections: dict[str, dict[str, Any]]
    port: int = field(default_factory=processes.free_port)
    host: str = processes.HOST
    prefix: Sequence[str] = ()
    """What leads its command to where it runs."""
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{self.host}:{self.port}"

    @property
    def log(self) -> Path:
        """Its output."""
        return self.folder / f"service-{self.port}.log"

    @property
    def environ(self) -> dict[str, str]:
        """Its configuration, for commands too. A home of its own: gunicorn opens a control socket there."""
        home = self.folder / f"home-{self.port}"
        home.mkdir(exist_ok=True)
        server = {"port": self.port, "workers": 2, "graceful_timeout": "5s", **self.sections.get("server", {})}
        keys = environment(**{**self.sections, "server": server})
        return {**keys, "OPAMP_PACKAGES_CONFIG": str(PROJECT / "tests" / "empty.yaml"), "HOME": str(home)}

    def start(self, *, wait_for: str = "/health/live") -> None:
        """Start it, and return when it answers at `wait_for`."""
        self.process = processes.launch([*self.prefix, *GUNICORN], log=self.log, env=self.environ, cwd=PROJECT)
        try:
            self.until_ready(wait_for)
        except TimeoutError as error:
            self.kill()
            raise TimeoutError(f"{error}:\n{last_lines(self.log)}") from error

    def signal(self, sign: int) -> None:
        """Send `sign` to the master."""
        assert self.process
        self.process.send_signal(sign)

    def kill(self) -> None:
        """SIGKILL to the master and all workers at once: the power is gone."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(processes.GONE)

    def workers(self) -> set[int]:
        """The workers' processes."""
        assert self.process
        return set(children(self.process.pid))

    def kill_workers(self) -> None:
        """SIGKILL to all workers; the master starts new ones."""
        assert self.process
        for worker in children(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)

    def until_ready(self, path: str = "/health/live") -> None:
        """Return when it answers at `path`."""
        processes.wait_until(lambda: processes.answers(self.url + path), "The service", 60)

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        assert self.process
        processes.stop(self.process)
        return int(self.process.returncode)

    def command(self, *arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        """A command of the service's: `flask --app wsgi …`."""
        return processes.complete([*FLASK, *arguments], env=self.environ, cwd=PROJECT, given=given)

    def token(self, role: str) -> str:
        """A machine token made by the command."""
        ended = self.command("tokens", "create", f"{role} of the tests", "--role", role)
        assert ended.returncode == 0, ended.stdout
        return ended.stdout.split()[-1]


def children(pid: int) -> list[int]:
    """The direct children of a process."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found]


@contextlib.contextmanager
def running(folder: Path, *, wait_for: str = "/health/ready", **sections: dict[str, Any]) -> Iterator[Service]:
    """The service with these sections, stopped at the end."""
    service = Service(folder, sections)
    service.start(wait_for=wait_for)
    try:
        yield service
    finally:
        if service.process is not None and service.process.poll() is None:
            service.stop()
        service.kill()
