"""The parts that are measured: PostgreSQL, MinIO, the service in each delivery mode, nginx."""

import contextlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from minio import Minio

from bench.client import Target, ask, upload_raw, with_token
from dev.parts import nginx, package_service, postgres, s3
from dev.parts.package_service import PackageService
from dev.parts.s3 import S3

DELIVERIES = ("stream", "redirect", "accel")
BUCKET = "bench"


@dataclass(frozen=True)
class Site:
    """Everything that runs. `services` are by delivery mode.

    `front` is the URL of the nginx before the service in mode accel, `proxy` that of one before MinIO alone; None
    where nginx is not installed.
    """

    folder: Path
    database: postgres.Postgres
    minio: S3
    services: dict[str, PackageService]
    front: str | None
    proxy: str | None
    token: str

    @property
    def service(self) -> PackageService:
        """The one that sends bytes itself."""
        return self.services["stream"]

    def client(self) -> Minio:
        return Minio(self.minio.endpoint, self.minio.access_key, self.minio.secret_key, secure=False)

    def target(self, path: str, url: str | None = None) -> Target:
        """A target of the service, or of what stands before it at `url`."""
        return with_token(f"{url or self.service.url}{path}", self.token)

    def publish(self, file: Path, version: str) -> dict[str, object]:
        """Upload a package; its JSON."""
        path = f"/api/v1/packages/bench/{version}/linux/amd64/{quote(file.name)}"
        published: dict[str, object] = json.loads(upload_raw(self.target(path), file))
        return published

    def remove(self, package_id: object) -> None:
        """Delete a package."""
        ask(self.target(f"/api/v1/packages/{package_id}"), "DELETE")

    def direct_get(self, key: str) -> Target:
        """The object straight from MinIO."""
        return Target(self.client().presigned_get_object(BUCKET, key))

    def direct_put(self, key: str) -> Target:
        """Straight to MinIO."""
        return Target(self.client().presigned_put_object(BUCKET, key))

    def clean(self, key: str | None = None) -> None:
        """Remove an object, and empty MinIO's trash, which keeps what was deleted for minutes."""
        if key:
            self.client().remove_object(BUCKET, key)
        trash = self.folder / "minio" / ".minio.sys" / "tmp" / ".trash"
        for each in trash.glob("*"):
            shutil.rmtree(each, ignore_errors=True)


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Site]:
    """Start everything, with its files in `folder`, which PostgreSQL's account must be able to enter."""
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(postgres.running(folder / "postgres", settings={"shared_buffers": "256MB"}))
        minio = stack.enter_context(s3.minio(folder / "minio"))
        services = {}
        for delivery in DELIVERIES:
            keys = {"packages__delivery": delivery, "minio__bucket": BUCKET}
            service = package_service.running(folder / delivery, database.url(), minio, **keys)
            services[delivery] = stack.enter_context(service)
        front = proxy = None
        if nginx.installed():
            address = services["accel"].address
            front = stack.enter_context(nginx.running(folder / "nginx", address, minio.endpoint, workers=2))
            # The same nginx.conf, with MinIO in the service's place.
            alone = nginx.running(folder / "nginx-minio", minio.endpoint, minio.endpoint, workers=2)
            proxy = stack.enter_context(alone)
        yield Site(folder, database, minio, services, front, proxy, services["stream"].token("admin"))
