"""A whole installation to break: PostgreSQL and an S3 behind proxies, and the service in front."""

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from minio import Minio

from app import create_app
from app.accounts.roles import Role
from app.wiring import EXTENSION, Services
from dev.parts import s3 as s3_servers
from dev.parts.postgres import Postgres
from dev.parts.s3 import S3
from tests.configuration import configuration
from tests.databases import migrated
from tests.faults.client import Client
from tests.faults.proxy import Proxy, proxying
from tests.faults.service import Service, children


@dataclass(frozen=True)
class Site:
    """The running parts. `direct_url` leads past the proxy to the database."""

    service: Service
    postgres: Postgres
    s3: S3
    s3_folder: Path
    database: Proxy
    storage: Proxy
    direct_url: str
    bucket: str
    tokens: dict[str, str]
    parts: Services
    """The application's parts in this process, wired past the proxies: what a command would work with."""

    def client(self, role: str = "admin") -> Client:
        """A client with a token of this role."""
        return Client(self.service.url, self.tokens[role])

    @property
    def bucket_client(self) -> Minio:
        """The S3 itself, past the proxy."""
        return s3_client(self.s3)


def s3_client(server: S3) -> Minio:
    """A client of an S3 server."""
    keys = (server.access_key, server.secret_key)
    return Minio(server.endpoint, *keys, secure=False, region=server.region or "us-east-1")


@contextlib.contextmanager
def installed(folder: Path, postgres: Postgres, name: str, **sections: dict[str, Any]) -> Iterator[Site]:
    """An installation with a database and a MinIO of its own; the service is started, and stopped at the end."""
    bucket = name.replace("_", "-")
    s3_folder = folder / f"{name}-minio"
    with contextlib.ExitStack() as stack:
        s3 = stack.enter_context(s3_servers.minio(s3_folder))
        direct_url = stack.enter_context(migrated(postgres, name))
        database = stack.enter_context(proxying(postgres.port))
        storage = stack.enter_context(proxying(int(s3.endpoint.rpartition(":")[2])))
        url = f"postgresql://{postgres.superuser}@{database.address}/{name}"
        minio = {"access_key": s3.access_key, "secret_key": s3.secret_key, "bucket": bucket, "region": s3.region}
        built: dict[str, dict[str, Any]] = {
            "database": {"url": url},
            "storage": {"backend": "minio"},
            "minio": {**minio, "endpoint": storage.address},
        }
        for section, keys in sections.items():
            built.setdefault(section, {}).update(keys)
        direct = {**built, "database": {"url": direct_url}, "minio": {**minio, "endpoint": s3.endpoint}}
        app = create_app(configuration(**direct))
        parts: Services = app.extensions[EXTENSION]
        stack.callback(parts.database.engine.dispose)
        stack.callback(parts.storage.close)
        service = Service(folder, built)
        stack.callback(service.kill)
        tokens = {label: make_token(app, parts, label) for label in ("admin", "publisher", "agent")}
        service.start(wait_for="/health/ready")
        stack.callback(service.stop)
        yield Site(service, postgres, s3, s3_folder, database, storage, direct_url, bucket, tokens, parts)


def make_token(app: Flask, parts: Services, label: str) -> str:
    """A machine token of this role."""
    with app.app_context():
        return parts.accounts.create_token(f"{label} of the tests", Role.labelled(label), created_by="tests").token


@contextlib.contextmanager
def frozen(pid: int) -> Iterator[None]:
    """SIGSTOP for a process and all its children, SIGCONT at the end."""
    stopped = [pid]
    os.kill(pid, signal.SIGSTOP)
    stopped += children(pid)
    for child in stopped[1:]:
        os.kill(child, signal.SIGSTOP)
    try:
        yield
    finally:
        for each in stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGCONT)
