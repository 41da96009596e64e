"""The image: built from the Dockerfile, it does the service's work without root and without writing anything."""

import hashlib
import json
import os
import signal
from pathlib import Path

import pytest
import requests

from dev.checkout import PYTHON
from dev.parts import processes
from tests.container import engine
from tests.container.conftest import Service

MIB = 1 << 20
WRITABLE = ("/tmp", "/dev", "/proc", "/sys", "/run")  # noqa: S108 - where an engine mounts something of its own


def upload(service: Service, content: bytes) -> str:
    """Upload `content`; the URL of its download."""
    answer = requests.post(
        f"{service.url}/api/v1/packages",
        headers={"Authorization": f"Bearer {service.token()}"},
        files={"file": ("agent", content)},
        data={"name": "agent", "version": "1.0.0", "platform": "linux", "arch": "amd64"},
        timeout=120,
    )
    assert answer.status_code == 201, answer.text
    return f"{service.url}/api/v1/packages/{answer.json()['id']}/download"


def download(service: Service, url: str) -> requests.Response:
    """Begin a download."""
    headers = {"Authorization": f"Bearer {service.token()}"}
    return requests.get(url, headers=headers, stream=True, timeout=60)


@pytest.mark.parametrize("image", ["bookworm", "trixie"], indirect=True)
def test_upload_and_download(service: Service) -> None:
    """On either base, what is uploaded to the service in a container comes back from it unchanged."""
    content = os.urandom(20 * MIB)
    answer = download(service, upload(service, content))
    assert hashlib.sha256(answer.content).digest() == hashlib.sha256(content).digest()


def test_it_writes_nothing(service: Service) -> None:
    """Serving writes no file outside of /tmp and /dev/shm: a read-only file system is enough."""
    download(service, upload(service, os.urandom(MIB))).close()
    root = service.container.root()
    written = processes.check(["find", root, "-xdev", "-type", "f", "-newermt", f"@{service.started_at}"], "find")
    paths = [path.removeprefix(str(root)) for path in written.split()]
    assert [path for path in paths if not path.startswith(WRITABLE)] == []


def test_what_engines_read(image: str) -> None:
    """The image names SIGTERM, its port, a health check, and a user by a number that is not root's."""
    config = engine.described(image)["Config"]
    assert config["User"] == "10001:10001"
    assert config["StopSignal"] in {"SIGTERM", "15"}
    assert list(config["ExposedPorts"]) == ["8080/tcp"]
    assert engine.health_check(image)[0] == "CMD"


def test_it_is_not_root(service: Service) -> None:
    """Its processes have no root and no capability."""
    status = Path(f"/proc/{engine.master(service.process)}/status").read_text()
    assert "Uid:\t10001\t10001\t10001\t10001" in status
    assert "CapEff:\t0000000000000000" in status


def test_the_health_check(service: Service, image: str) -> None:
    """The image's health check succeeds in a container that serves, and fails once it does not."""
    command = service.container.command(*engine.health_check(image)[1:])
    assert processes.complete(command).returncode == 0
    engine.terminate(service.process)
    assert processes.complete(command).returncode != 0


def test_sigterm_finishes_downloads(service: Service) -> None:
    """A download that has begun is finished after SIGTERM, and the container exits with 0."""
    content = os.urandom(64 * MIB)
    answer = download(service, upload(service, content))
    begun = answer.raw.read(MIB)
    os.kill(engine.master(service.process), signal.SIGTERM)
    assert begun + answer.raw.read() == content
    answer.close()
    assert service.process.wait(60) == 0


def test_bill_of_materials(service: Service) -> None:
    """The image's contents can be listed from outside: Debian's packages and Python's."""
    command = [PYTHON, "-m", "dev.supply_chain.sbom", "--root", service.container.root()]
    found = json.loads(processes.check(command, "The bill of materials"))
    named = {component["purl"].partition("@")[0] for component in found["components"]}
    assert {"pkg:deb/debian/libc6", "pkg:pypi/gunicorn", "pkg:pypi/psycopg2-binary"} <= named
    assert "pkg:pypi/pytest" not in named
