"""What start-dev.sh has running, by pid and start time, so that a pid that was given away is never touched."""

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from dev.checkout import STATE
from dev.parts import interrupts, processes
from dev.parts.files import write_private

RECORD = STATE / "state.json"
PID_FILE = STATE / "gunicorn.pid"
BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Part:
    """A process in the background; `sign` asks it to end and `patience` (seconds) is how long that may take."""

    name: str
    pid: int
    started: str
    sign: int
    patience: float

    def is_running(self) -> bool:
        return bool(self.started) and start_time(self.pid) == self.started

    def end(self) -> None:
        """Ask it to end, insist after `patience`, and return when it is gone."""
        if self.is_running():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGCONT)
                os.kill(self.pid, self.sign)
        deadline = time.monotonic() + self.patience
        while self.is_running():
            if time.monotonic() > deadline:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, signal.SIGKILL)
            reap(self.pid)
            time.sleep(0.05)


@dataclass(frozen=True)
class Running:
    """Everything in the background, first started first; `url` is the service's."""

    parts: tuple[Part, ...] = ()
    url: str = ""
    containers: tuple[str, ...] = ()

    @property
    def service(self) -> Part | None:
        return next((part for part in self.parts if part.name == SERVICE and part.is_running()), None)


SERVICE = "the service"


def start_time(pid: int) -> str:
    """When the process began, as a text that no other process of this pid ever has; empty if there is none."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
        return "" if state == "Z" else f"{BOOT.read_text().strip()} {fields[18]}"
    except (FileNotFoundError, ProcessLookupError):
        return "" if Path("/proc/self").exists() else start_time_by_ps(pid)


def start_time_by_ps(pid: int) -> str:
    """The same where there is no /proc."""
    return processes.complete(["ps", "-o", "lstart=", "-p", str(pid)]).stdout.strip()


def reap(pid: int) -> None:
    """Take the exit code of a child of ours, or it would stay as a zombie."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def read() -> Running:
    """What was recorded; nothing if there is no record. Raises Failed if it is damaged."""
    try:
        recorded = json.loads(RECORD.read_text())
        parts = tuple(Part(**part) for part in recorded["parts"])
        return Running(parts, recorded["url"], tuple(recorded["containers"]))
    except FileNotFoundError:
        return Running()
    except (ValueError, TypeError, KeyError):
        raise processes.Failed(
            f"{RECORD}, which says what runs, is damaged. End what still runs of this checkout "
            f"(ps -ef | grep -e gunicorn -e postgres -e minio), then remove that file."
        ) from None


def write(running: Running) -> None:
    """Record it."""
    write_private(RECORD, json.dumps(asdict(running), indent=2))


def forget() -> None:
    """Nothing runs any more."""
    PID_FILE.unlink(missing_ok=True)
    RECORD.unlink(missing_ok=True)


class Starter:
    """Starts parts and records each before anything can interrupt."""

    def __init__(self) -> None:
        self.running = Running()

    def launch(  # noqa: PLR0913 - what there is to say of a part
        self,
        name: str,
        command: processes.Command,
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        sign: int = signal.SIGTERM,
        patience: float = 20,
    ) -> Part:
        """Start one part in the background."""
        with interrupts.shielded():
            process = processes.launch(command, log=log, env=env)
            # The record outlives this object, which would otherwise warn that the process still runs.
            process.returncode = 0
            part = Part(name, process.pid, start_time(process.pid), sign, patience)
            self.note(parts=(*self.running.parts, part))
        return part

    def note(self, **changes: object) -> None:
        """Record a change of what runs."""
        known = {"parts": self.running.parts, "url": self.running.url, "containers": self.running.containers}
        self.running = Running(**{**known, **changes})  # type: ignore[arg-type]  # the three fields above
        write(self.running)


@contextlib.contextmanager
def all_or_nothing() -> Iterator[Starter]:
    """Stop what was started in the block unless it comes to its end."""
    starter = Starter()
    try:
        yield starter
    except BaseException:
        interrupts.ignore()
        stop(starter.running)
        raise


def stop(running: Running) -> None:
    """End everything, last started first, and forget it."""
    for part in reversed(running.parts):
        part.end()
    for project in running.containers:
        processes.complete(["docker", "compose", "--project-name", project, "down"], seconds=60)
    forget()
