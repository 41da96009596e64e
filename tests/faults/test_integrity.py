"""Bytes that are not those published are never served as if they were, on every backend."""

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dev.parts.postgres import Postgres
from dev.parts.s3 import S3
from tests.databases import migrated
from tests.faults import service
from tests.faults.client import Client, content_of, sha256, unique_name
from tests.faults.damage import DAMAGES, Store, flipped, folder_access, key_of, missing, s3_access
from tests.faults.site import s3_client

Damage = Callable[[Store, str], None]


@pytest.fixture(scope="module", params=["minio", "versitygw", "filesystem"])
def store(
    request: pytest.FixtureRequest, services_folder: Path, postgres_server: Postgres, database_template: None
) -> Iterator[Store]:
    """The service on each backend."""
    backend = request.param
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(migrated(postgres_server, f"integrity_{backend}"))
        if backend == "filesystem":
            root = services_folder / "integrity-objects"
            sections = {"storage": {"backend": backend, "root": root}}
            access = folder_access(root)
        else:
            server: S3 = request.getfixturevalue(f"{backend}_server")
            keys = {"access_key": server.access_key, "secret_key": server.secret_key, "region": server.region}
            minio = {"endpoint": server.endpoint, "bucket": "integrity", **keys}
            sections = {"storage": {"backend": "minio"}, "minio": minio}
            access = s3_access(s3_client(server), "integrity")
        running = stack.enter_context(service.running(services_folder, database={"url": url}, **sections))

        def command(*arguments: str) -> tuple[int, str]:
            ended = running.command(*arguments)
            return ended.returncode, ended.stdout

        yield Store(Client(running.url, running.token("admin")), command, *access)


def scrubbed(store: Store) -> tuple[int, list[int]]:
    """The exit code of a scrub, and the ids that it names at the end."""
    code, output = store.command("storage", "scrub")
    last = json.loads([line for line in output.splitlines() if '"finished"' in line][-1])
    return code, last["damaged"]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_bytes_are_a_502(store: Store, damage: Damage) -> None:
    """502 on whole and ranged downloads, again and again, with no byte of the file; the JSON stays."""
    content = content_of(50_000)
    package = store.client.put(content).json()
    damage(store, key_of(package))
    for headers in ({}, {"Range": "bytes=0-9"}, {}):
        answer = store.client.download(package["id"], **headers)
        assert answer.status == 502
        assert answer.headers["content-type"] == "application/problem+json"
    assert store.client.get(f"/packages/{package['id']}").status == 200
    assert store.client.delete(package["id"]).status == 204


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_same_upload_repairs(store: Store, damage: Damage) -> None:
    """The right bytes sent again take the damaged object's place: 200 with the same id, whole downloads."""
    name, content = unique_name(), content_of(50_000)
    package = store.client.put(content, name=name).json()
    damage(store, key_of(package))
    again = store.client.put(content, name=name)
    assert (again.status, again.json()["id"]) == (200, package["id"])
    assert sha256(store.client.download(package["id"]).body) == package["checksum"]
    assert store.client.delete(package["id"]).status == 204


def test_scrub_names_the_damaged(store: Store) -> None:
    """It exits with 1 and names exactly the damaged, which then answer 502; after the repair it is content."""
    content = content_of(50_000)
    whole, lost, changed = (store.client.put(content).json() for _ in range(3))
    missing(store, key_of(lost))
    flipped(store, key_of(changed))
    assert scrubbed(store) == (1, [lost["id"], changed["id"]])
    assert store.client.download(changed["id"]).status == 502
    assert store.client.download(whole["id"]).status == 200
    for package in (lost, changed):
        assert store.client.put(content, name=package["name"]).status == 200
    assert scrubbed(store) == (0, [])
    for package in (whole, lost, changed):
        assert store.client.delete(package["id"]).status == 204


def test_an_object_written_anew_is_verified(store: Store) -> None:
    """The same bytes under another fingerprint, as after a restore, are read once and then served."""
    content = content_of(50_000)
    package = store.client.put(content).json()
    key = key_of(package)
    store.write(key, store.read(key))
    for _ in range(2):
        assert store.client.download(package["id"]).body == content
    assert store.client.delete(package["id"]).status == 204
