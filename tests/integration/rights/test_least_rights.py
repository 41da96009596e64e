"""The service works with the rights that deploy/ gives it, and has no others."""

import dataclasses
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
import requests
from minio import Minio, MinioAdmin
from minio.credentials import StaticProvider
from minio.error import S3Error

from dev.checkout import PROJECT
from dev.parts import package_service, postgres
from dev.parts.package_service import PackageService
from dev.parts.postgres import Postgres
from dev.parts.s3 import S3
from tests.databases import connected, execute, migrated

DATABASE = "least_rights"
PASSWORD = "of-the-restricted-role"
BUCKET = "opamp-packages"
CONTENT = os.urandom((20 << 20) + 1)
"""More than two parts of a multipart upload."""


@pytest.fixture(scope="module")
def role_url(postgres_server: Postgres, database_template: None) -> Iterator[str]:
    """The database's URL for the role that deploy/postgres/role.sql makes."""
    with migrated(postgres_server, DATABASE) as owner_url:
        psql = [str(postgres.binaries() / "psql"), owner_url, "-v", f"password='{PASSWORD}'"]
        subprocess.run(
            [*psql, "-f", str(PROJECT / "deploy/postgres/role.sql")], check=True, capture_output=True, timeout=60
        )
        yield f"postgresql://opamp_service:{PASSWORD}@127.0.0.1:{postgres_server.port}/{DATABASE}"
        execute(owner_url, "DROP OWNED BY opamp_service")
    execute(postgres_server.url(), "DROP ROLE opamp_service")


@pytest.fixture(scope="module")
def restricted_s3(minio_server: S3) -> S3:
    """MinIO for a user who has deploy/minio/policy.json and nothing else; the bucket is there."""
    credentials = StaticProvider(minio_server.access_key, minio_server.secret_key)
    admin = MinioAdmin(endpoint=minio_server.endpoint, credentials=credentials, secure=False)
    admin.user_add("opamp-service", PASSWORD)
    admin.policy_add("opamp-service", str(PROJECT / "deploy/minio/policy.json"))
    admin.policy_set("opamp-service", user="opamp-service")
    owner = client_of(minio_server)
    if not owner.bucket_exists(bucket_name=BUCKET):
        owner.make_bucket(bucket_name=BUCKET)
    return dataclasses.replace(minio_server, access_key="opamp-service", secret_key=PASSWORD)


@pytest.fixture(scope="module")
def service(services_folder: Path, role_url: str, restricted_s3: S3) -> Iterator[PackageService]:
    """The service with exactly these rights."""
    folder = services_folder / "least-rights"
    with package_service.running(folder, role_url, restricted_s3, minio__bucket=BUCKET, server__workers=1) as running:
        yield running


def client_of(server: S3) -> Minio:
    """An S3 client with the server's credentials."""
    return Minio(endpoint=server.endpoint, access_key=server.access_key, secret_key=server.secret_key, secure=False)


def test_a_package_lives_its_whole_life_with_the_least_rights(service: PackageService) -> None:
    """Upload in parts, list, download, a lost object, repair, delete; then nothing is left to reconcile."""
    headers = {"Authorization": f"Bearer {service.token('admin')}"}
    path = f"{service.url}/api/v1/packages/agent/1.0.0/linux/amd64/agent"
    package = requests.put(path, data=CONTENT, headers=headers, timeout=60)
    assert package.status_code == 201, package.text
    assert requests.get(path, headers=headers, timeout=60).content == CONTENT
    assert requests.put(path, data=CONTENT, headers=headers, timeout=60).status_code == 200
    deleted = requests.delete(f"{service.url}/api/v1/packages/{package.json()['id']}", headers=headers, timeout=60)
    assert deleted.status_code == 204
    for command in (["storage", "reconcile", "--grace", "0"], ["storage", "scrub"], ["storage", "orphans"]):
        run = subprocess.run(
            [package_service.PYTHON, "-m", "flask", "--app", "wsgi", *command],
            cwd=PROJECT,
            env={**os.environ, **service.environ},
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert run.returncode == 0, run.stderr


def test_a_lost_object_is_told_from_a_refusal(service: PackageService, minio_server: S3) -> None:
    """With the right to list the bucket, what is missing is 502 and repaired; without it, it would be 503."""
    headers = {"Authorization": f"Bearer {service.token('publisher')}"}
    path = f"{service.url}/api/v1/packages/lost/1.0.0/linux/amd64/agent"
    stored = requests.put(path, data=b"bytes", headers=headers, timeout=60).json()["storage_path"]
    client_of(minio_server).remove_object(bucket_name=BUCKET, object_name=stored.removeprefix(f"{BUCKET}/"))
    assert requests.get(path, headers=headers, timeout=60).status_code == 502
    assert requests.put(path, data=b"bytes", headers=headers, timeout=60).status_code == 200
    assert requests.get(path, headers=headers, timeout=60).content == b"bytes"


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE packages",
        "CREATE TABLE mine (id int)",
        "ALTER TABLE users ADD COLUMN x int",
        "TRUNCATE packages",
        "UPDATE alembic_version SET version_num = '0'",
        "COPY packages TO PROGRAM 'true'",
    ],
)
def test_the_database_role_can_do_no_more(role_url: str, statement: str) -> None:
    """What the service never does, its role may not do."""
    connection = connected(role_url)
    try:
        with connection.cursor() as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute(statement)
    finally:
        connection.close()


def test_the_s3_user_can_do_no_more(restricted_s3: S3) -> None:
    """No other key, no other bucket, no policy of its own."""
    client = client_of(restricted_s3)
    attempts = (
        lambda: client.make_bucket(bucket_name="another"),
        lambda: client.remove_object(bucket_name=BUCKET, object_name="elsewhere/key"),
        lambda: client.set_bucket_policy(bucket_name=BUCKET, policy="{}"),
        lambda: client.remove_bucket(bucket_name=BUCKET),
    )
    for attempt in attempts:
        with pytest.raises(S3Error, match="AccessDenied"):
            attempt()
