"""What a worker takes for a large upload: its buffers, and no file."""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.parts import package_service, processes
from dev.parts.package_service import PackageService
from dev.parts.postgres import Postgres
from dev.parts.s3 import S3
from tests.databases import migrated

GIB = 1 << 30
LIMIT = 64 << 20
"""Bytes that a worker may grow by, whatever the upload's size."""

BUCKET = "memory"


@pytest.fixture(scope="module")
def service(
    services_folder: Path, postgres_server: Postgres, database_template: None, minio_server: S3
) -> Iterator[PackageService]:
    """The service with one worker, whose temporary files would lie in a folder of its own."""
    with (
        migrated(postgres_server, "memory") as url,
        package_service.running(
            services_folder / "memory", url, minio_server, minio__bucket=BUCKET, server__workers=1
        ) as running,
    ):
        yield running


def kilobytes(pid: int, field: str) -> int:
    """A figure of /proc/PID/status."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1])


def open_files(pid: int) -> set[str]:
    """What the process has open below a folder for temporary files, deleted or not."""
    names = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        # A connection may have closed since it was listed.
        with contextlib.suppress(FileNotFoundError):
            names.add(str(link.readlink()))
    return {name for name in names if name.startswith(("/tmp/", "/var/tmp/"))}  # noqa: S108 - looked for, not used


@pytest.mark.parametrize("way", ["form", "raw"])
def test_a_gibibyte_takes_less_than_64_mib_and_no_file(
    services_folder: Path, service: PackageService, way: str
) -> None:
    """The peak of the worker's memory grows by its buffers alone, and no temporary file is opened."""
    (pid,) = service.workers()
    sparse = services_folder / "gibibyte"
    sparse.touch()
    os.truncate(sparse, GIB)
    url = f"{service.url}/api/v1/packages"
    form = ["-F", f"file=@{sparse}", "-F", "name=big", "-F", "version=1", "-F", "platform=linux", "-F", "arch=any", url]
    body = form if way == "form" else ["-T", str(sparse), f"{url}/big/2/linux/any/file"]
    upload = [
        "curl",
        "-sS",
        "--fail",
        "--max-time",
        "300",
        "-o",
        "/dev/null",
        "-H",
        f"Authorization: Bearer {service.token('publisher')}",
    ]
    files = open_files(pid)
    # 5: forget the peak so far (proc_pid_clear_refs(5)).
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    before = kilobytes(pid, "VmRSS")
    with processes.ended_at_last(subprocess.Popen([*upload, *body])) as client:
        seen: set[str] = set()
        while client.poll() is None:
            seen |= open_files(pid)
            time.sleep(0.05)
    assert client.returncode == 0
    assert (kilobytes(pid, "VmHWM") - before) * 1024 < LIMIT
    assert seen <= files
