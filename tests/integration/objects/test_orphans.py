"""`flask --app wsgi storage orphans` on every backend."""

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import insert

from app.objects.identity import IDENTITY
from app.objects.models import StoredObject
from app.objects.orphans import Tally
from app.storage.filesystem import MARKER
from app.storage.interface import Storage, WrittenObject
from app.storage.s3.request import S3Request
from app.storage.s3.storage import MinioStorage
from app.wiring import EXTENSION, Services
from tests.integration.objects.conftest import MakeApp, Sections
from tests.integration.storage.sources import Generated

Run = Callable[..., Result]


@pytest.fixture
def app(make_app: MakeApp, database: str, storage_sections: Sections) -> Flask:
    """The application on an empty storage of each kind."""
    app = make_app(database, **storage_sections)
    app.extensions[EXTENSION].storage.ping()
    return app


@pytest.fixture
def parts(app: Flask) -> Services:
    """Its wired parts."""
    wired: Services = app.extensions[EXTENSION]
    return wired


@pytest.fixture
def orphans(app: Flask) -> Run:
    """Runs the command; without a grace unless the test gives one."""

    def run(*arguments: str, grace: str = "0") -> Result:
        return app.test_cli_runner().invoke(args=["storage", "orphans", "--grace", grace, *arguments])

    return run


def new_key() -> str:
    """A key as the ledger makes them."""
    name = uuid.uuid4().hex
    return f"objects/{name[:2]}/{name}"


def orphan(storage: Storage, size: int = 10, key: str = "") -> str:
    """Store an object that no row names; its key."""
    key = key or new_key()
    storage.write(key, Generated(size))
    return key


def test_nothing_is_an_orphan_of_a_storage_in_order(orphans: Run, parts: Services) -> None:
    """What an upload in progress has stored, in whatever state, has a row; exit 0."""
    for _ in range(3):
        orphan(parts.storage, key=parts.reconciler.ledger.reserve())
    result = orphans()
    assert (result.exit_code, result.stdout) == (0, "0 orphans, 0 bytes\n")


def test_each_is_listed_with_its_bytes(orphans: Run, parts: Services) -> None:
    """One line for each, the sum at the end, exit 1."""
    keys = sorted(orphan(parts.storage, size) for size in (10, 20_000))
    result = orphans()
    *lines, last = result.stdout.splitlines()
    assert sorted(line.split()[0] for line in lines) == keys
    assert sorted(int(line.split()[1]) for line in lines) == [10, 20_000]
    assert (last, result.exit_code) == ("2 orphans, 20010 bytes", 1)


def test_listing_deletes_nothing(orphans: Run, parts: Services) -> None:
    """Without --delete the second run finds the same."""
    orphan(parts.storage)
    assert orphans().stdout == orphans().stdout


def test_what_is_young_is_left_alone(orphans: Run, parts: Services) -> None:
    """An object that the storage has had for less than the grace is neither listed nor deleted."""
    key = orphan(parts.storage)
    result = orphans("--delete", grace="60")
    assert (result.exit_code, result.stdout) == (0, "0 orphans, 0 bytes; left alone 1 younger than 60 s\n")
    assert parts.storage.stat(key).size == 10


def test_the_grace_is_reconcile_s(app: Flask, parts: Services) -> None:
    """Without --grace it is the upload's time limit and five minutes."""
    orphan(parts.storage)
    result = app.test_cli_runner().invoke(args=["storage", "orphans"])
    assert result.stdout == "0 orphans, 0 bytes; left alone 1 younger than 3900 s\n"


def test_delete_removes_them_and_nothing_else(orphans: Run, parts: Services) -> None:
    """Afterwards there are none, and what the ledger names is there; exit 0."""
    named = orphan(parts.storage, key=parts.reconciler.ledger.reserve())
    gone = [orphan(parts.storage, 10) for _ in range(3)]
    result = orphans("--delete")
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "3 orphans, 30 bytes; deleted 3")
    assert {each.key for page in parts.storage.pages() for each in page} == {named, IDENTITY}
    assert {parts.reconciler.ledger.state(key) for key in gone} == {"deleted"}
    assert orphans().exit_code == 0


def test_a_row_that_appears_meanwhile_keeps_its_object(parts: Services) -> None:
    """The key is looked up again right before: a restore that brought its row back keeps the bytes."""
    key, tally = orphan(parts.storage), Tally()
    [found] = parts.orphans.find(timedelta(0), tally)
    with parts.database.writing() as connection:
        connection.execute(insert(StoredObject).values(key=key, state="live"))
    parts.orphans.remove(found, tally)
    assert parts.storage.stat(key).size == 10
    assert (tally.kept, tally.left) == (1, 0)


@pytest.mark.parametrize("name", ["x" * 100, "a key + ü%2B"])
def test_a_key_that_no_row_could_have_is_deleted(orphans: Run, parts: Services, name: str) -> None:
    """What others have put there, under names that the ledger cannot hold, is an orphan like any."""
    orphan(parts.storage, key=f"objects/{name}")
    assert orphans("--delete").exit_code == 0
    assert [each.key for page in parts.storage.pages() for each in page] == [IDENTITY]


def test_the_storage_s_identity_is_no_orphan(orphans: Run, parts: Services) -> None:
    """The object that says whose storage it is is neither listed nor counted nor deleted."""
    identity: WrittenObject = parts.storage.stat(IDENTITY)
    assert orphans("--delete").stdout == "0 orphans, 0 bytes\n"
    assert parts.storage.stat(IDENTITY) == identity


def test_more_than_a_page(orphans: Run, parts: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """All pages are compared, also while what they list is deleted."""
    for module in ("s3.storage", "filesystem"):
        monkeypatch.setattr(f"app.storage.{module}.PAGE_SIZE", 3)
    for number in range(10):
        orphan(parts.storage, key=parts.reconciler.ledger.reserve() if number % 2 else "")
    assert re.search("^5 orphans, 50 bytes; deleted 5$", orphans("--delete").stdout, re.MULTILINE)
    assert orphans().exit_code == 0


def test_an_unfinished_file_of_nobody_is_an_orphan(orphans: Run, parts: Services, tmp_path: Path) -> None:
    """The temporary file of an upload whose row was lost is removed; one whose row is there is not."""
    if parts.storage.name != "filesystem":
        return
    lost, known = (tmp_path / "objects" / f"{key}.part" for key in (new_key(), parts.reconciler.ledger.reserve()))
    for path in (lost, known):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
    assert orphans("--delete").stdout.splitlines()[-1] == "1 orphan, 4 bytes; deleted 1"
    assert (lost.exists(), known.exists()) == (False, True)


def test_a_bucket_or_folder_that_is_gone_is_told(orphans: Run, parts: Services, tmp_path: Path) -> None:
    """A list that could not be had is no empty one: exit 1, one line beside the log's, and no sum."""
    beneath = parts.storage.beneath.beneath  # type: ignore[attr-defined]
    if isinstance(beneath, MinioStorage):
        beneath.delete(IDENTITY)
        beneath._client.send(S3Request("DELETE")).document()
    else:
        (tmp_path / "objects" / MARKER).unlink()
    result = orphans()
    said = [line for line in result.stderr.splitlines() if not line.startswith("{")]
    assert (result.exit_code, result.stdout, len(said)) == (1, "", 1)
