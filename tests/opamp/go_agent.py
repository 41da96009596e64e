"""The Go agent of tests/opamp/agent: built once for what its sources are, and run on folders of its own."""

import contextlib
import hashlib
import json
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dev.parts import go_tools, processes

SOURCES = Path(__file__).with_name("agent")
INTERVAL = 0.3
"""Seconds between polls."""


def built() -> Path:
    """The agent's binary. Raises Failed where Go is missing."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(SOURCES.iterdir()))).hexdigest()[:12]
    binary = go_tools.cache() / f"opamp-test-agent-{digest}"
    if binary.exists():
        return binary
    if go_tools.go() is None:
        raise processes.Failed("The tests of OpAMP need Go: https://go.dev/doc/install")
    go_tools.cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=go_tools.cache(), prefix="opamp-test-agent-") as folder:
        command = [go_tools.go() or "go", "build", "-buildvcs=false", "-o", f"{folder}/agent", "."]
        processes.check(command, "Building the Go agent", cwd=SOURCES)
        Path(folder, "agent").replace(binary)
    return binary


@dataclass
class GoAgent:
    """An agent; started and stopped as often as wished, its folder stays."""

    binary: Path
    folder: Path
    server: str
    token: str
    attributes: dict[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    uid: uuid.UUID = field(default_factory=uuid.uuid4)
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """All that it has told."""
        return self.folder / "agent.log"

    def start(self) -> None:
        """Run it."""
        described = {"os.type": "linux", "host.arch": "amd64", **self.attributes}
        pairs = [part for key, value in described.items() for part in ("-attribute", f"{key}={value}")]
        options = ["-server", f"{self.server}/v1/opamp", "-folder", str(self.folder), "-interval", f"{INTERVAL}s"]
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [str(self.binary), "-uid", str(self.uid), *options, *pairs, *self.options]
        self.process = processes.launch(command, log=self.log, env={"OPAMP_TOKEN": self.token})

    def stop(self, sign: int = signal.SIGTERM) -> None:
        """End it."""
        if self.process is not None:
            processes.stop(self.process, sign)
            self.process = None

    def restart(self) -> None:
        """End it and run it again."""
        self.stop()
        self.start()

    def fail(self, *, always: bool) -> None:
        """Whether its installations fail from now on."""
        self.folder.mkdir(parents=True, exist_ok=True)
        mark = self.folder / "fail"
        mark.touch() if always else mark.unlink()

    def switch(self, name: str, content: str = "") -> None:
        """Set a switch of tests/opamp/agent/switches.go: unhealthy, crash, slow (seconds)."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(content)

    def versions(self) -> dict[str, str]:
        """What is installed on its disk."""
        packages = self._state().get("Packages") or {}
        return {name: package["Version"] for name, package in packages.items() if package["Version"]}

    def content(self, name: str) -> bytes:
        """The file of a package on its disk."""
        return (self.folder / "files" / (name or "top-level")).read_bytes()

    def files(self) -> set[str]:
        """The names of all files on its disk."""
        return {path.name for path in (self.folder / "files").iterdir()}

    def offers(self) -> list[str]:
        """All offers that it has been sent, as it tells them."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [line.removeprefix("offered: ") for line in lines if line.startswith("offered: ")]

    def wait_for(self, versions: dict[str, str], seconds: float = 20) -> None:
        """Return when just these versions are installed."""
        try:
            processes.wait_until(lambda: self.versions() == versions, f"{versions} on the agent", seconds)
        except TimeoutError as error:
            tail = "\n".join(self.log.read_text().splitlines()[-20:])
            raise TimeoutError(f"{error}; it has {self.versions()}\n{tail}") from error

    def polls(self, count: int) -> None:
        """Let it ask so many times."""
        time.sleep(count * INTERVAL + 0.2)

    def _state(self) -> dict[str, Any]:
        with contextlib.suppress(FileNotFoundError):
            state: dict[str, Any] = json.loads((self.folder / "state.json").read_text())
            return state
        return {}


@contextlib.contextmanager
def running(agent: GoAgent) -> Iterator[GoAgent]:
    """Run an agent for the block."""
    agent.start()
    try:
        yield agent
    finally:
        agent.stop()
