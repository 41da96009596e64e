"""A full disk, for real: a small file system of its own under the folder, and under MinIO."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.objects.identity import IDENTITY
from dev.parts import s3
from dev.parts.postgres import Postgres
from tests.databases import migrated
from tests.faults import service
from tests.faults.client import Client, content_of
from tests.faults.small_disk import mounted

MIB = 1 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MiB, where we may mount one."""
    folder = tmp_path / "small"
    with mounted(folder):
        yield folder


def is_small(folder: Path) -> bool:
    """Whether it could be mounted."""
    return folder.is_mount()


@contextlib.contextmanager
def serving(folder: Path, url: str, **sections: dict[str, object]) -> Iterator[Client]:
    """The service on this storage; a client of the role admin."""
    with service.running(folder, database={"url": url}, **sections) as running:
        yield Client(running.url, running.token("admin"))


def fill_up(client: Client) -> tuple[list[int], int]:
    """Upload 9 MiB at a time until it is refused: the ids of what was taken, and the refusal's status."""
    taken: list[int] = []
    for _ in range(10):
        answer = client.put(content_of(9 * MIB))
        if answer.status != 201:
            assert answer.headers["content-type"] == "application/problem+json"
            return taken, answer.status
        taken.append(answer.json()["id"])
    raise AssertionError("the disk was never full")


def test_the_folder(small_disk: Path, tmp_path: Path, postgres_server: Postgres, database_template: None) -> None:
    """507 when the folder is full, nothing left of the refused file, and room again after a delete."""
    if not is_small(small_disk):
        pytest.fail("mounting needs root: .ci/run has it")
    storage = {"backend": "filesystem", "root": small_disk / "objects"}
    with migrated(postgres_server, "full_folder") as url, serving(tmp_path, url, storage=storage) as client:
        taken, status = fill_up(client)
        assert (len(taken), status) == (2, 507)
        files = [path for path in small_disk.rglob("*") if path.is_file() and path.stat().st_size]
        files.remove(small_disk / "objects" / IDENTITY)
        assert len(files) == 2
        assert all(client.download(package_id).status == 200 for package_id in taken)
        assert client.delete(taken[0]).status == 204
        assert client.put(content_of(9 * MIB)).status == 201


def test_minio(small_disk: Path, tmp_path: Path, postgres_server: Postgres, database_template: None) -> None:
    """507 when MinIO has no room, and what it has is still served."""
    if not is_small(small_disk):
        pytest.fail("mounting needs root: .ci/run has it")
    with s3.minio(small_disk / "minio") as server, migrated(postgres_server, "full_minio") as url:
        minio = {"endpoint": server.endpoint, "access_key": server.access_key, "secret_key": server.secret_key}
        with serving(tmp_path, url, storage={"backend": "minio"}, minio={**minio, "bucket": "full"}) as client:
            taken, status = fill_up(client)
            assert status == 507
            assert taken
            assert all(client.download(package_id).status == 200 for package_id in taken)


def test_a_folder_that_is_not_mounted(tmp_path: Path, postgres_server: Postgres, database_template: None) -> None:
    """With packages in the database an empty folder is a disk that is not there: 503, and nothing is written to it."""
    root = tmp_path / "objects"
    storage = {"backend": "filesystem", "root": root}
    with migrated(postgres_server, "unmounted") as url:
        with serving(tmp_path, url, storage=storage) as client:
            package_id = client.put(content_of(1000)).json()["id"]
        root.rename(tmp_path / "elsewhere")
        root.mkdir()
        with service.running(tmp_path, wait_for="/health/live", database={"url": url}, storage=storage) as running:
            client = Client(running.url, client.token)
            assert client.download(package_id).status == 503
            assert client.put(content_of(1000)).status == 503
            assert list(root.iterdir()) == []
            root.rmdir()
            (tmp_path / "elsewhere").rename(root)
            assert client.download(package_id).status == 200
            assert client.put(content_of(1000)).status == 201
