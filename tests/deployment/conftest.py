"""An empty Debian with PostgreSQL and MinIO, and docs/deployment.md's block executed on it as it is written."""

import os
import re
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dev.checkout import PROJECT
from dev.parts import go_tools
from tests import certificates
from tests.deployment import image, machine
from tests.deployment.machine import Machine
from tests.e2e.checkout import fresh_clone

NAME = "packages.example.com"
PASSWORD = "a password of the first admin"
ADMINISTRATOR = {"MINIO_ROOT_USER": "administrator", "MINIO_ROOT_PASSWORD": "of-the-test-s-minio"}


@dataclass(frozen=True)
class Deployment:
    """The machine after the block has run, and what the block said."""

    machine: Machine
    output: str


def block() -> str:
    """The one block of the document that is marked `bash`."""
    document = (PROJECT / "docs" / "deployment.md").read_text()
    [only] = re.findall(r"^```bash\n(.*?)^```$", document, re.DOTALL | re.MULTILINE)
    return str(only)


@pytest.fixture(scope="session")
def empty(services_folder: Path) -> Iterator[Machine]:
    """The Debian that the document starts from: PostgreSQL, an S3, a certificate, the repository."""
    absent = machine.absent()
    if absent:
        pytest.skip(f"needs {', '.join(absent)}")
    folder = services_folder / "deployment"
    prepare(folder / "given")
    with machine.booted(image.folder(), folder) as booted:
        booted.check("sh", "-c", "cat /etc/ssl/certs/packages.pem >> /etc/ssl/certs/ca-certificates.crt")
        settings = [f"--setenv={name}={value}" for name, value in {**ADMINISTRATOR, "MINIO_CI_CD": "1"}.items()]
        serve = ["minio", "server", "--quiet", "--address", "127.0.0.1:9000", "/srv/minio"]
        booted.check("systemd-run", "--quiet", "--unit=minio", *settings, *serve)
        booted.check("sh", "-c", "until ss -Hltn 'sport = 9000' | grep -q .; do sleep 0.1; done")
        yield booted


@pytest.fixture(scope="session")
def deployment(empty: Machine) -> Deployment:
    """The service, deployed by the block; who runs it types the admin's password."""
    shell = ["env", *(f"{name}={value}" for name, value in ADMINISTRATOR.items()), "bash", "-c", block()]
    return Deployment(empty, empty.check(*shell, given=f"{PASSWORD}\n"))


def prepare(root: Path) -> None:
    """Everything of that Debian that is not in the image."""
    for name in ("opt", "etc/ssl/certs", "etc/ssl/private", "usr/local/bin"):
        (root / name).mkdir(parents=True)
    fresh_clone(root / "opt/opamp-packages")
    certificate, key = certificates.self_signed(root.parent, NAME)
    shutil.move(certificate, root / "etc/ssl/certs/packages.pem")
    shutil.move(key, root / "etc/ssl/private/packages.key")
    (root / "etc/hostname").write_text("debian\n")
    (root / "etc/hosts").write_text(f"127.0.0.1 localhost debian {NAME}\n")
    shutil.copy(go_tools.built("minio"), root / "usr/local/bin")
    for folder in (root, *(Path(path) for path, _, _ in os.walk(root))):
        folder.chmod(stat.S_IMODE(folder.stat().st_mode) | 0o755)
