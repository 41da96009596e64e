"""What is measured: the service on its own PostgreSQL and MinIO, in each of its delivery modes."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psycopg2
from minio import Minio

from bench import rows
from dev import nginx, package_service, postgres, s3
from dev.package_service import PackageService

BUCKET = "opamp-packages"
DIRECT = "direct"
"""The bucket for the same bytes without the service."""

WORKERS = 2


@dataclass(frozen=True)
class Parts:
    """The running parts. `services` by delivery mode; `accel` is reached at `nginx_url`."""

    folder: Path
    database: postgres.Postgres
    storage: s3.S3
    services: dict[str, PackageService]
    nginx_url: str
    token: str

    @property
    def client(self) -> Minio:
        """A client of the S3 that presigns URLs."""
        return Minio(
            endpoint=self.storage.endpoint,
            access_key=self.storage.access_key,
            secret_key=self.storage.secret_key,
            secure=False,
        )

    def put_url(self, key: str) -> str:
        """A presigned PUT straight to the S3."""
        return self.client.presigned_put_object(bucket_name=DIRECT, object_name=key, expires=timedelta(hours=1))

    def get_url(self, key: str) -> str:
        """A presigned GET straight from the S3."""
        return self.client.presigned_get_object(bucket_name=DIRECT, object_name=key, expires=timedelta(hours=1))

    def empty_trash(self) -> None:
        """MinIO keeps what was deleted for minutes: a benchmark would fill the disk."""
        for trash in self.folder.glob("minio/.minio.sys/tmp/.trash/*"):
            shutil.rmtree(trash, ignore_errors=True)


@contextlib.contextmanager
def running() -> Iterator[Parts]:
    """Start everything, stop it at the end, and leave nothing."""
    folder = Path(tempfile.mkdtemp(prefix="opamp-bench-", dir="/var/tmp"))
    folder.chmod(0o755)
    try:
        with contextlib.ExitStack() as stack:
            database = stack.enter_context(postgres.running(folder / "postgres"))
            storage = stack.enter_context(s3.minio(folder / "minio"))
            services = {mode: stack.enter_context(service(folder, database, storage, mode)) for mode in MODES}
            address = services["accel"].address
            url = stack.enter_context(nginx.running(folder / "nginx", address, storage.endpoint, workers=2))
            parts = Parts(folder, database, storage, services, url, services["stream"].token("admin"))
            parts.client.make_bucket(bucket_name=DIRECT)
            yield parts
    finally:
        shutil.rmtree(folder, ignore_errors=True)


MODES = ("stream", "redirect", "accel")


@contextlib.contextmanager
def service(folder: Path, database: postgres.Postgres, storage: s3.S3, mode: str) -> Iterator[PackageService]:
    """The service in one delivery mode; all of them have one database and one bucket."""
    with package_service.running(
        folder / mode,
        database.url(),
        storage,
        server__workers=WORKERS,
        minio__bucket=BUCKET,
        minio__public_endpoint=storage.endpoint,
        packages__delivery=mode,
    ) as running_service:
        yield running_service


@contextlib.contextmanager
def filled(parts: Parts, count: int) -> Iterator[PackageService]:
    """A service of its own on a database with `count` packages and no objects."""
    name = f"rows_{count}"
    with contextlib.closing(psycopg2.connect(parts.database.url())) as connection:
        connection.autocommit = True
        connection.cursor().execute(f"CREATE DATABASE {name}")
    with package_service.running(
        parts.folder / name, parts.database.url(name), parts.storage, server__workers=WORKERS
    ) as running_service:
        with contextlib.closing(psycopg2.connect(parts.database.url(name))) as connection:
            rows.fill(connection, count)
        yield running_service


def cpu_of(pids: list[int]) -> float:
    """Seconds of processor time that these processes have used, in user and kernel mode."""
    ticks = 0
    for pid in pids:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(after_name[11]) + int(after_name[12])
    return ticks / 100
