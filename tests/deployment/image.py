"""Debian with systemd and PostgreSQL in a folder, made once and cached; what the documented block installs is at hand.

Its .deb files are in apt's cache and the wheels in /srv/wheels, so that a machine of it needs no network.
"""

import hashlib
import shutil
import tempfile
import time
from pathlib import Path

from dev.checkout import PROJECT
from dev.parts import go_tools, processes
from tests.debian import base, pip_settings

SUITE = "bookworm"
PACKAGES = "systemd-sysv iproute2 postgresql openssl ca-certificates"
INSTALLED_LATER = "python3-venv nginx curl"
MAKE = f"""
set -e
mount -t proc proc "$1/proc"
in_it() {{ chroot "$1" env DEBIAN_FRONTEND=noninteractive sh -ec "$2"; }}
in_it "$1" 'apt-get update && apt-get install --yes --no-install-recommends {PACKAGES}'
in_it "$1" 'apt-get install --yes --no-install-recommends --download-only {INSTALLED_LATER}'
mount --bind /etc/ssl/certs "$1/etc/ssl/certs"
in_it "$1" 'python3 -m venv /tmp/venv
    /tmp/venv/bin/pip download --require-hashes --requirement /srv/requirements.txt --dest /srv/wheels
    rm -r /tmp/venv'
"""
UNUSED = 7 * 86400
"""Seconds after which one of other requirements goes."""

PIP = "[global]\nno-index = true\nfind-links = /srv/wheels\ndisable-pip-version-check = true\n"


def folder() -> Path:
    """Where it is, made now if it is not in the cache, which takes a minute or two. Raises Failed."""
    requirements = (PROJECT / "requirements.txt").read_bytes()
    made_of = [base.name(SUITE).encode(), MAKE.encode(), PIP.encode(), requirements]
    digest = hashlib.sha256(b"\0".join(made_of)).hexdigest()[:8]
    path = go_tools.cache().parent / "debian" / f"server-{digest}"
    if not path.exists():
        make(path)
    path.touch()
    for other in path.parent.glob("server-*"):
        if time.time() - other.stat().st_mtime > UNUSED:
            shutil.rmtree(other)
    return path


def make(path: Path) -> None:
    """Make it beside, so that what is in the cache is always whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix="draft-") as draft:
        root = Path(draft) / "root"
        base.unpack(SUITE, root)
        for name in ("resolv.conf", "hosts"):
            shutil.copy(Path("/etc") / name, root / "etc" / name)
        shutil.copy(PROJECT / "requirements.txt", root / "srv")
        command = ["unshare", "--mount", "--", "bash", "-c", MAKE, "make", root]
        environment = {**pip_settings.variables(), "PATH": base.PATH}
        processes.check(command, "Installing systemd and PostgreSQL", env=environment)
        (root / "etc/pip.conf").write_text(PIP)
        (root / "etc/resolv.conf").write_text("")
        root.rename(path)
