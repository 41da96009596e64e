"""CPU count from affinity and cgroup quota: the default of `server.workers`."""

import math
import os
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")

MOST = 8
"""Each worker has `database.pool_size` connections to PostgreSQL: more of them are to be asked for."""


def usable_cores(cgroups: Path = CGROUPS, membership: Path = MEMBERSHIP) -> int:
    """The smaller of the scheduler's affinity and the cgroup's quota, rounded down, 1 to MOST."""
    quotas = [math.floor(quota) for quota in _quotas(cgroups, membership)]
    return max(1, min([MOST, len(os.sched_getaffinity(0)), *quotas]))


def _quotas(cgroups: Path, membership: Path) -> list[float]:
    """The quota of our cgroup and of each of its parents: the tightest of them holds."""
    folders = [folder for root in _cgroup_folders(cgroups, membership) for folder in root]
    quotas = [_version_2(folder) or _version_1(folder) for folder in folders]
    return [quota for quota in quotas if quota is not None]


def _cgroup_folders(cgroups: Path, membership: Path) -> list[list[Path]]:
    """For each cgroup hierarchy that may limit the processor: its root and the folders down to ours.

    Within a container the path of /proc/self/cgroup may not exist below the mount; the root is then ours.
    """
    hierarchies = []
    for line in _text(membership).splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        roots = [cgroups / controllers, cgroups / "cpu"] if controllers else [cgroups, cgroups / "unified"]
        for root in roots:
            own = root / path.lstrip("/")
            parents = [folder for folder in own.parents if folder.is_relative_to(root)]
            hierarchies.append([own, *parents])
    return hierarchies or [[cgroups]]


def _version_2(folder: Path) -> float | None:
    """`cpu.max` holds 'QUOTA PERIOD' in microseconds, or 'max PERIOD'."""
    match _text(folder / "cpu.max").split():
        case [quota, period] if quota.isdigit() and period.isdigit() and int(period):
            return int(quota) / int(period)
    return None


def _version_1(folder: Path) -> float | None:
    """`cpu.cfs_quota_us` is -1 where nothing limits."""
    quota, period = (_text(folder / name).strip() for name in ("cpu.cfs_quota_us", "cpu.cfs_period_us"))
    if quota.isdigit() and period.isdigit() and int(period):
        return int(quota) / int(period)
    return None


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
