"""A Debian that is entered by chroot, in namespaces of its own: mounts and processes end with the command in it."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.debian import pip_settings

ENTER = """
set -e
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
mount --bind /etc/ssl/certs "$1/etc/ssl/certs"
exec chroot "$@"
"""
NETWORK = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


@dataclass(frozen=True)
class Machine:
    """A Debian in the folder `root`; a checkout is in /srv/checkout."""

    root: Path

    @property
    def checkout(self) -> Path:
        """The checkout as this machine sees it."""
        return self.root / "srv" / "checkout"

    def connect(self) -> None:
        """Let it resolve names as this machine does."""
        (self.root / "etc/ssl/certs").mkdir(parents=True, exist_ok=True)
        for name in ("resolv.conf", "hosts"):
            (self.root / "etc" / name).write_bytes((Path("/etc") / name).read_bytes())

    def run(self, script: str, *, seconds: float) -> subprocess.CompletedProcess[str]:
        """Run a script of bash in its checkout as root; what the script leaves running is killed at its end."""
        unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--", "sh", "-c", ENTER, "sh"]
        return subprocess.run(
            [*unshare, str(self.root), "bash", "-c", f"cd /srv/checkout\n{script}"],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )


def environment() -> Mapping[str, str]:
    """What a login there would have, the way to the package index, and that nothing may be skipped."""
    network = {name: os.environ[name] for name in NETWORK if name in os.environ}
    login = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8", "CI": "true"}
    return {**network, **pip_settings.variables(), **login}
