"""The service in each delivery mode, on real MinIO and PostgreSQL, with one package that all of them share."""

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.parts import nginx, package_service
from dev.parts.package_service import PackageService
from dev.parts.postgres import Postgres
from dev.parts.s3 import S3
from tests.databases import migrated
from tests.integration.delivery.client import Client, Package

FILE_NAME = 'agent "ü" €.tar.gz'
CONTENT = random.Random(4).randbytes(3_000_017)
BUCKET = "delivery-tests"


@pytest.fixture(scope="session")
def delivery_database(postgres_server: Postgres, database_template: None) -> Iterator[str]:
    """One database for all modes, so that they serve the same packages."""
    with migrated(postgres_server, "delivery_tests") as url:
        yield url


@pytest.fixture(scope="session")
def redirect_service(services_folder: Path, delivery_database: str, minio_server: S3) -> Iterator[PackageService]:
    """The service that sends its clients to the S3, which they know by another name."""
    public = minio_server.endpoint.replace("127.0.0.1", "localhost")
    keys = {"packages__delivery": "redirect", "minio__public_endpoint": public, "minio__bucket": BUCKET}
    folder = services_folder / "redirect"
    with package_service.running(folder, delivery_database, minio_server, server__workers=1, **keys) as service:
        yield service


@pytest.fixture(scope="session")
def accel_service(services_folder: Path, delivery_database: str, minio_server: S3) -> Iterator[PackageService]:
    """The service that lets nginx fetch from the S3."""
    keys = {"packages__delivery": "accel", "minio__bucket": BUCKET, "packages__max_size": "8MiB"}
    keys |= {"server__trusted_proxies": "1"}
    folder = services_folder / "accel"
    with package_service.running(folder, delivery_database, minio_server, server__workers=1, **keys) as service:
        yield service


@pytest.fixture(scope="session")
def nginx_address(services_folder: Path, accel_service: PackageService, minio_server: S3) -> Iterator[str]:
    """host:port of nginx with the shipped configuration before that service."""
    folder = services_folder / "nginx"
    with nginx.running(folder, accel_service.address, minio_server.endpoint) as url:
        yield url.removeprefix("http://")


@pytest.fixture(scope="session")
def admin_token(accel_service: PackageService) -> str:
    """A token that may do everything."""
    return accel_service.token("admin")


@pytest.fixture(scope="session")
def package(accel_service: PackageService, admin_token: str) -> Package:
    """A published package with a name that no header can carry as it is."""
    client = Client(accel_service.address, admin_token)
    return client.publish(FILE_NAME, CONTENT, content_type="application/gzip")


@pytest.fixture
def redirecting(redirect_service: PackageService, admin_token: str) -> Client:
    """A client of the service in mode redirect."""
    return Client(redirect_service.address, admin_token)


@pytest.fixture
def through_nginx(nginx_address: str, admin_token: str) -> Client:
    """A client of nginx before the service in mode accel."""
    return Client(nginx_address, admin_token)


def sha256(content: bytes) -> str:
    """The checksum in hex."""
    return hashlib.sha256(content).hexdigest()
