"""How much a worker grows for one stream of 1 GiB."""

from pathlib import Path

from bench.measure import MIB, Result
from bench.parts import Parts
from bench.transfers import Transfers, curl


def peak_growth(pids: list[int], transfer: object) -> float:
    """MiB by which the peak of the process that grew most lies above its size before `transfer`."""
    for pid in pids:
        # 5: forget the peak (proc_pid_clear_refs(5)).
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    before = {pid: status(pid, "VmRSS") for pid in pids}
    transfer()  # type: ignore[operator]
    return max(status(pid, "VmHWM") - before[pid] for pid in pids) / MIB


def status(pid: int, field: str) -> int:
    """A size in bytes out of /proc/PID/status."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024


def measure(parts: Parts, size: int) -> list[Result]:
    """Upload by form, by PUT, and download."""
    transfers = Transfers(parts, size, 1)
    service = parts.services["stream"]
    warm = Transfers(parts, MIB, 1)
    for _ in range(8):
        # Every worker has served before, so that only the stream counts.
        warm.send("form")
        curl("-H", warm.authorization, service.url + warm.publish())
    path = transfers.publish()
    asked = (
        ("upload, form", lambda: transfers.send("form"), "≤ 40 MiB"),
        ("upload, raw", lambda: transfers.send("raw"), "≤ 40 MiB"),
        ("download", lambda: curl("-H", transfers.authorization, service.url + path), "≤ 4 MiB"),
    )
    results = [
        Result(f"memory of {what}, {size // MIB} MiB", "MiB", peak_growth(service.workers(), transfer), target=target)
        for what, transfer, target in asked
    ]
    transfers.clean()
    return results
