"""A whole set: nginx, two instances, PostgreSQL with a standby, MinIO of four nodes, each on a machine of its own."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask_migrate import upgrade

from app import create_app
from app.wiring import EXTENSION
from dev.parts import nginx, s3
from tests.configuration import configuration
from tests.faults.client import Client
from tests.faults.service import Service
from tests.faults.site import make_token
from tests.scale.machines import DIES_WITH_US, S3_PORT, MinioCluster, Node, PostgresPair, ending, first_address
from tests.scale.network import Network, network

INSTANCES = ("packages1", "packages2")
DATABASES = ("postgres1", "postgres2")
STORAGES = ("minio1", "minio2", "minio3", "minio4")
STORAGE = "storage"
"""The name of all four."""


@dataclass(frozen=True)
class Rig:
    """The running parts."""

    postgres: PostgresPair
    minio: MinioCluster
    instances: list[Service]
    client: Client
    """Asks nginx, as one that may upload."""
    first_storage: Node
    """Of the four nodes, the one whose address comes first."""

    @property
    def other_storage(self) -> Node:
        """One of the other three."""
        return next(node for node in self.minio.nodes if node is not self.first_storage)


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Rig]:
    """Start everything, and end and remove all of it."""
    aliases = {STORAGE: STORAGES}
    with contextlib.ExitStack() as stack:
        machines = stack.enter_context(network(*INSTANCES, *DATABASES, *STORAGES, aliases=aliases))
        postgres = PostgresPair(folder, *(machines[name] for name in DATABASES))
        minio = MinioCluster(folder, [machines[name] for name in STORAGES])
        stack.enter_context(ending(postgres.primary, postgres.standby, *minio.nodes))
        postgres.start()
        minio.start()
        token = prepare(postgres, minio)
        instances = [_instance(stack, folder, machines, name, postgres) for name in INSTANCES]
        upstream = ";\n    server ".join(f"{each.host}:{each.port} max_fails=0" for each in instances)
        url = stack.enter_context(nginx.running(folder / "nginx", upstream, f"{machines['minio1'].address}:{S3_PORT}"))
        first = minio.node(first_address(STORAGE, machines[INSTANCES[0]]))
        yield Rig(postgres, minio, instances, Client(url, token), first)


def prepare(postgres: PostgresPair, minio: MinioCluster) -> str:
    """Migrate the database, and hand out a token that may upload."""
    database = {"url": postgres.url(postgres.primary)}
    app = create_app(configuration(**sections(database, f"{minio.nodes[0].machine.address}:{S3_PORT}")))
    parts = app.extensions[EXTENSION]
    try:
        with app.app_context():
            upgrade()
        return make_token(app, parts, "publisher")
    finally:
        parts.database.engine.dispose()
        parts.storage.close()


def sections(database: dict[str, Any], endpoint: str) -> dict[str, dict[str, Any]]:
    """The service's configuration."""
    minio = {"endpoint": endpoint, "access_key": s3.ACCESS_KEY, "secret_key": s3.SECRET_KEY, "bucket": "packages"}
    return {"database": database, "storage": {"backend": "minio"}, "minio": minio}


def _instance(
    stack: contextlib.ExitStack, folder: Path, machines: Network, name: str, postgres: PostgresPair
) -> Service:
    machine = machines[name]
    home = folder / name
    home.mkdir()
    server = {"host": machine.address, "trusted_proxies": 1, "workers": 1}
    keys = {**sections({"url": postgres.service_url}, f"{STORAGE}:{S3_PORT}"), "server": server}
    service = Service(home, keys, port=8080, host=machine.address, prefix=[*machine.prefix, *DIES_WITH_US])
    stack.callback(service.kill)
    service.start(wait_for="/health/ready")
    return service


def missing() -> str:
    """What this machine lacks for it, "" if nothing."""
    if os.geteuid() != 0:
        return "root"
    if not Path("/usr/sbin/ip").exists() and not Path("/sbin/ip").exists():
        return "iproute2"
    return "" if nginx.installed() else "nginx"
