"""Fresh clones of the project, and what runs in them."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Checkout:
    """A clone, with its scripts."""

    folder: Path

    def run(
        self, script: str, *arguments: str, seconds: float = 300, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run one of the scripts to its end, from another folder, with nobody at the keyboard."""
        return subprocess.run(
            [str(self.folder / script), *arguments],
            cwd="/",
            env={**environment(), **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def begin(self, script: str, *arguments: str) -> subprocess.Popen[str]:
        """Start one of the scripts as a terminal would: in a process group of its own."""
        return subprocess.Popen(
            [str(self.folder / script), *arguments],
            cwd="/",
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def processes(self) -> list[str]:
        """The command lines of everything that runs from or in this clone."""
        return [command for command in map(self._command, Path("/proc").glob("[0-9]*")) if command]

    def _command(self, entry: Path) -> str:
        try:
            command = (entry / "cmdline").read_text(errors="replace").replace("\0", " ")
            variables = (entry / "environ").read_text(errors="replace")
            at_home = str((entry / "cwd").readlink()).startswith(str(self.folder))
        except OSError:
            return ""
        ours = at_home or str(self.folder) in command or f"OPAMP_PACKAGES_CONFIG={self.folder}" in variables
        return command if ours else ""


def fresh_clone(folder: Path) -> Checkout:
    """What is committed, cloned into `folder`."""
    subprocess.run(["git", "clone", "--quiet", "--no-local", str(PROJECT), str(folder)], check=True, timeout=120)
    return Checkout(folder)


def environment() -> dict[str, str]:
    """A user's environment: no setting of the service, and uv on PATH, which saves a minute per clone."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OPAMP_PACKAGES_")}
    return {**kept, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
