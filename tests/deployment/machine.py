"""A Debian that runs: systemd as its first process, in namespaces of its own, on a disk that is gone with it.

Not systemd-nspawn, which wants a systemd outside too. What is written goes into memory; its network is its own
loopback, so that every port is free.
"""

import contextlib
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dev.parts import processes
from tests.debian import base

PROGRAMS = ("unshare", "nsenter", "pivot_root")
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}

ENTER_CGROUP = """
set -e
mkdir -p "$1/cgroup"
mount -t cgroup2 cgroup2 "$1/cgroup"
mkdir "$1/cgroup/$2"
echo $$ > "$1/cgroup/$2/cgroup.procs"
exec unshare --cgroup --mount --net --pid --ipc --uts --fork --kill-child -- bash -c "$BOOT" boot "$1" "$3"
"""
"""systemd takes the cgroup that it starts in for its own."""

BOOT = """
set -e
mount -t tmpfs -o mode=755 tmpfs "$1/disk"
mkdir "$1/disk/new" "$1/disk/work" "$1/disk/root"
root=$1/disk/root
mount -t overlay overlay -o "lowerdir=$1/given:$2,upperdir=$1/disk/new,workdir=$1/disk/work" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mkdir "$root/dev/shm" "$root/dev/pts" "$root/before"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
for device in null zero full random urandom tty; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/0 "$root/dev/stdin"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"
cd "$root"
pivot_root . before
umount -l /before
export container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin
exec /lib/systemd/systemd --log-target=console --show-status=false
"""

LEAVE_CGROUP = """
mount -t cgroup2 cgroup2 "$1/cgroup"
find "$1/cgroup/$2" -depth -type d -exec rmdir {} +
"""


@dataclass(frozen=True)
class Machine:
    """A machine that has booted; `pid` is its first process as it is seen from outside."""

    pid: int

    def command(self, *arguments: str) -> list[str]:
        """The command that runs `arguments` in it as root."""
        login = [f"{name}={value}" for name, value in ENVIRONMENT.items()]
        return ["nsenter", f"--target={self.pid}", "--all", "--root", "--wd", "--", "env", "-i", *login, *arguments]

    def run(self, *arguments: str, given: str | None = None, seconds: float = 300) -> subprocess.CompletedProcess[str]:
        """Run a command in it to its end, with nobody at the keyboard."""
        return processes.complete(self.command(*arguments), given=given, seconds=seconds)

    def check(self, *arguments: str, given: str | None = None) -> str:
        """The same; its output. Raises AssertionError if it fails."""
        ended = self.run(*arguments, given=given)
        assert ended.returncode == 0, f"{' '.join(arguments)[:200]}: {ended.stdout[-4000:]}"
        return ended.stdout


def absent() -> list[str]:
    """What is missing here for making and booting one."""
    return base.absent(*PROGRAMS)


@contextlib.contextmanager
def booted(image: Path, folder: Path) -> Iterator[Machine]:
    """A machine of `image` with the files of `folder`/given laid over it; killed at the end."""
    (folder / "disk").mkdir()
    cgroup = f"opamp-{uuid.uuid4().hex[:12]}"
    enter = ["unshare", "--mount", "--", "bash", "-c", ENTER_CGROUP, "enter", folder, cgroup, image]
    process = processes.launch(enter, log=folder / "console.log", env={"BOOT": BOOT, "PATH": base.PATH})
    try:
        yield _waited_for(process, folder)
    finally:
        process.kill()
        process.wait(processes.GONE)
        _remove_cgroup(folder, cgroup)


def _waited_for(process: "subprocess.Popen[bytes]", folder: Path) -> Machine:
    def first_processes() -> list[str]:
        return Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()

    def has_booted() -> bool:
        if process.poll() is not None:
            raise processes.Failed(f"The machine did not boot:\n{(folder / 'console.log').read_text()[-2000:]}")
        ready = ("systemctl", "is-system-running", "--wait")
        return any(Machine(int(pid)).run(*ready).stdout.strip() in {"running", "degraded"} for pid in first_processes())

    processes.wait_until(has_booted, f"The machine (see {folder}/console.log)")
    return Machine(int(first_processes()[0]))


def _remove_cgroup(folder: Path, cgroup: str) -> None:
    leave = ["unshare", "--mount", "--", "bash", "-c", LEAVE_CGROUP, "leave", folder, cgroup]
    processes.wait_until(lambda: processes.complete(leave).returncode == 0, "Removing the machine's cgroup", 10)
