"""What the machine and single processes have spent, as Linux counts it."""

import hashlib
import os
import platform
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
GIB = 1 << 30
_BLOCK = os.urandom(1 << 20)


@dataclass(frozen=True)
class Moment:
    """Ticks of all processors since the machine's start: how many, and how many the hypervisor took away."""

    total: int
    stolen: int

    @classmethod
    def now(cls) -> "Moment":
        fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        return cls(sum(fields), fields[7])

    def stolen_since(self, earlier: "Moment") -> float:
        """The part of the time since then that was stolen, 0 to 1."""
        return (self.stolen - earlier.stolen) / max(1, self.total - earlier.total)


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time of these processes so far."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS


def sha256_seconds_per_gib(mib: int = 128) -> float:
    """CPU seconds that SHA-256 takes for a GiB at this moment."""
    digest = hashlib.sha256()
    started = time.process_time()
    for _ in range(mib):
        digest.update(_BLOCK)
    return (time.process_time() - started) * 1024 / mib


def peak_memory(pid: int) -> int:
    """Bytes of resident memory at the most, since `forget_peak`."""
    return _status(pid, "VmHWM")


def forget_peak(pid: int) -> int:
    """Start a new peak; bytes of resident memory now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return _status(pid, "VmRSS")


def _status(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"/proc/{pid}/status has no {name}")


def description() -> dict[str, object]:
    """The machine in a few words."""
    model = next((line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name")), "unknown")
    return {
        "processors": os.cpu_count(),
        "model": model,
        "kernel": platform.release(),
        "congestion control": Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text().strip(),
        "python": platform.python_version(),
    }


def _cpuinfo() -> list[str]:
    return Path("/proc/cpuinfo").read_text().splitlines()
