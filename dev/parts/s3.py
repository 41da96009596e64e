"""Real S3 servers on folders: MinIO, and VersityGW as the second opinion."""

import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dev.parts import go_tools, processes

ACCESS_KEY = "opamp-dev"
SECRET_KEY = "opamp-dev-secret-key"  # noqa: S105 - a server of our own on 127.0.0.1, gone with its test


@dataclass(frozen=True)
class S3:
    """A running S3 server; `endpoint` is host:port."""

    endpoint: str
    access_key: str
    secret_key: str
    region: str
    process: subprocess.Popen[bytes]


def minio_command(binary: Path, folder: Path, port: int) -> list[str]:
    """The command that runs MinIO on `folder`, without its console."""
    return [str(binary), "server", "--quiet", "--address", f"127.0.0.1:{port}", str(folder)]


def minio_environment(access_key: str, secret_key: str) -> dict[str, str]:
    """What that command takes from its environment. Its disk is allowed to be the system's."""
    credentials = {"MINIO_ROOT_USER": access_key, "MINIO_ROOT_PASSWORD": secret_key}
    return {**credentials, "MINIO_BROWSER": "off", "MINIO_UPDATE": "off", "MINIO_CI_CD": "1"}


def minio_ready(port: int) -> bool:
    """Whether the MinIO on `port` takes requests: it says "ready" while it still refuses them all with 503."""
    root = f"http://127.0.0.1:{port}"
    return processes.answers(f"{root}/minio/health/ready") and processes.answers(f"{root}/")


@contextlib.contextmanager
def minio(folder: Path, *, port: int | None = None, env: dict[str, str] | None = None) -> Iterator[S3]:
    """Run MinIO on `folder`."""
    port = port or processes.free_port()
    command = minio_command(go_tools.built("minio"), folder, port)
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**minio_environment(ACCESS_KEY, SECRET_KEY), **(env or {})}
    with processes.running(command, log=folder.with_suffix(".log"), env=environment) as process:
        processes.wait_until(lambda: minio_ready(port), "MinIO")
        yield S3(f"127.0.0.1:{port}", ACCESS_KEY, SECRET_KEY, "", process)


@contextlib.contextmanager
def versitygw(folder: Path, *, port: int | None = None) -> Iterator[S3]:
    """Run VersityGW's posix backend on `folder`."""
    port = port or processes.free_port()
    folder.mkdir(parents=True, exist_ok=True)
    command = [str(go_tools.built("versitygw")), "--port", f"127.0.0.1:{port}", "posix", str(folder)]
    credentials = {"ROOT_ACCESS_KEY": ACCESS_KEY, "ROOT_SECRET_KEY": SECRET_KEY}
    with processes.running(command, log=folder.with_suffix(".log"), env=credentials) as process:
        processes.wait_until(lambda: processes.answers(f"http://127.0.0.1:{port}/"), "VersityGW")
        yield S3(f"127.0.0.1:{port}", ACCESS_KEY, SECRET_KEY, "us-east-1", process)
