"""A storage belongs to one database: compared, told, and adopted, on every backend."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.accounts.roles import Role
from app.objects.identity import IDENTITY, StorageMismatch
from app.objects.identity_row import IdentityRow
from app.storage.interface import Storage, WrittenObject
from app.wiring import EXTENSION, Services
from tests.integration.objects.conftest import MakeApp, Sections

PATH = "/api/v1/packages/agent/{}/linux/amd64/agent"


@dataclass
class Side:
    """An application, and what lies beneath its guards."""

    app: Flask
    client: FlaskClient

    @property
    def parts(self) -> Services:
        parts: Services = self.app.extensions[EXTENSION]
        return parts

    @property
    def storage(self) -> Storage:
        """The backend itself."""
        storage: Storage = self.parts.storage.beneath.beneath  # type: ignore[attr-defined]
        return storage

    def keys(self) -> set[str]:
        """All that the storage has."""
        return {each.key for page in self.storage.pages() for each in page}

    def stored(self) -> bytes:
        """The storage's identity."""
        with contextlib.closing(self.storage.open(IDENTITY, expected=self.storage.stat(IDENTITY))) as reader:
            return reader.read()

    def row(self) -> str | None:
        """The database's."""
        return IdentityRow(self.parts.database).identity()

    def publish(self, version: str = "1.0.0") -> str:
        """Upload a package; its object's key."""
        response = self.client.put(PATH.format(version), data=b"bytes of " + version.encode())
        assert response.status_code == 201, response.text
        return str(response.json["storage_path"]).partition("/")[2]

    def command(self, *arguments: str) -> Result:
        """Run `flask storage …` in a process that has compared nothing yet."""
        self.parts.identity._found = None
        return self.app.test_cli_runner().invoke(args=["storage", *arguments])

    def sql(self, statement: str) -> None:
        """Change the database behind the service's back."""
        with self.parts.database.writing() as connection:
            connection.execute(text(statement))

    def status(self, version: str = "1.0.0") -> int:
        """How a download ends."""
        with self.client.get(PATH.format(version)) as response:
            return response.status_code


def side_of(app: Flask) -> Side:
    """A side with an admin's client."""
    parts: Services = app.extensions[EXTENSION]
    client = app.test_client()
    with app.app_context():
        token = parts.accounts.create_token("tests", Role.labelled("admin"), created_by="tests").token
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return Side(app, client)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pause between two comparisons."""
    monkeypatch.setattr("app.objects.identity.RECHECK", 0.0)


@pytest.fixture
def ours(make_app: MakeApp, new_database: str, storage_sections: Sections) -> Side:
    """A new service on a new storage."""
    return side_of(make_app(new_database, **storage_sections))


@pytest.fixture
def at_home(make_app: MakeApp, other_database: str, tmp_path: Path) -> Side:
    """Another service, on a folder of its own."""
    return side_of(make_app(other_database, storage={"backend": "filesystem", "root": tmp_path / "another's"}))


@pytest.fixture
def other(make_app: MakeApp, other_database: str, at_home: Side, ours: Side, storage_sections: Sections) -> Side:
    """The other service, which has a package, by mistake on the storage of `ours`, which has one too."""
    ours.publish()
    at_home.publish()
    return side_of(make_app(other_database, **storage_sections))


def lose(side: Side, *keys: str) -> None:
    """Remove objects behind the service's back."""
    for key in keys:
        side.storage.delete(key)


def test_it_is_written_as_soon_as_both_answer(ours: Side) -> None:
    """By the background, with no request: the same random identity in the row and in the object."""
    assert ours.row() is None
    assert ours.parts.identity.settle()
    assert ours.stored().decode() == ours.row()
    assert len(str(ours.row())) == 32


def test_the_first_request_writes_it_where_nothing_else_has(ours: Side) -> None:
    """No byte is stored before it is known whose storage it is."""
    key = ours.publish()
    assert ours.keys() == {key, IDENTITY}
    assert ours.stored().decode() == ours.row()


def test_reads_and_writes_of_bytes_are_503(other: Side) -> None:
    """Download, upload and delete; nothing is written or deleted, and what rows answer goes on."""
    before = other.keys()
    assert other.status() == 503
    assert other.client.put(PATH.format("2.0.0"), data=b"x").status_code == 503
    [package] = other.client.get("/api/v1/packages").json
    assert other.client.delete(f"/api/v1/packages/{package['id']}").status_code == 503
    assert other.client.delete("/api/v1/releases/agent/1.0.0").status_code == 503
    assert other.client.head(PATH.format("1.0.0")).status_code == 200
    assert other.client.get(f"/api/v1/packages/{package['id']}").status_code == 200
    assert other.keys() == before


def test_the_answer_says_why(other: Side) -> None:
    """With when to ask again."""
    response = other.client.get(PATH.format("1.0.0"))
    assert "another database's" in response.get_json(force=True)["detail"]
    assert "Retry-After" in response.headers


def test_the_log_says_once_what_to_do(other: Side, caplog: pytest.LogCaptureFixture) -> None:
    """However often it is compared."""
    for _ in range(3):
        assert not other.parts.identity.settle()
    assert caplog.text.count("flask --app wsgi storage adopt") == 1


def test_ready_says_so(other: Side, caplog: pytest.LogCaptureFixture) -> None:
    """503 with the part's state, though all answers; the log says it once here, too."""
    for _ in range(2):
        response = other.client.get("/health/ready")
    parts = response.get_json(force=True)["parts"]
    assert (response.status_code, parts) == (503, {"database": "ok", "storage": "another database's"})
    assert caplog.text.count("storage adopt") == 1


def test_ready_is_200_on_our_own_storage(ours: Side) -> None:
    """It makes the identity, where nobody has yet."""
    response = ours.client.get("/health/ready")
    assert (response.status_code, response.json["parts"]["storage"]) == (200, "ok")
    assert ours.stored().decode() == ours.row()


def test_our_own_side_goes_on(ours: Side, other: Side) -> None:
    """The service whose storage it is is not disturbed."""
    assert not other.parts.identity.settle()
    assert ours.parts.identity.settle()
    assert ours.status() == 200


@pytest.mark.parametrize("command", ["reconcile", "scrub", "orphans"])
def test_commands_end_with_this_line(other: Side, command: str) -> None:
    """Exit 1, one line, and nothing done."""
    before = other.keys()
    result = other.command(command, *(["--delete", "--grace", "0"] if command == "orphans" else []))
    assert (result.exit_code, result.stdout) == (1, ""), result.exception
    assert result.stderr == f"Error: {StorageMismatch.detail}\n"
    assert other.keys() == before


def test_commands_that_touch_no_bytes_do_not_look(other: Side) -> None:
    """Tokens can be made while the two differ."""
    result = other.app.test_cli_runner().invoke(args=["tokens", "create", "a", "--role", "agent"])
    assert result.exit_code == 0


def test_a_database_without_identity_that_has_packages(other: Side) -> None:
    """A storage with an identity is not its own."""
    other.sql("DELETE FROM database_identity")
    assert not other.parts.identity.settle()
    assert other.row() is None


def test_a_new_database_takes_the_storage_s_identity(ours: Side, at_home: Side, make_app: MakeApp,
                                                     other_database: str, storage_sections: Sections) -> None:
    """Without an identity and without packages: a database that was made anew."""
    ours.publish()
    anew = side_of(make_app(other_database, **storage_sections))
    assert anew.parts.identity.settle()
    assert anew.row() == ours.row()


def test_an_identity_that_alone_is_gone_is_written_again(ours: Side) -> None:
    """The newest package's object is there, so the storage is the right one."""
    ours.publish()
    before = ours.stored()
    lose(ours, IDENTITY)
    assert ours.parts.identity.settle()
    assert ours.stored() == before


def test_an_identity_that_is_gone_with_the_newest_object(ours: Side) -> None:
    """An empty bucket is more often the wrong one; nothing is written to it."""
    lose(ours, ours.publish(), IDENTITY)
    assert not ours.parts.identity.settle()
    assert ours.keys() == set()


def test_packages_of_a_version_without_identities(ours: Side) -> None:
    """Neither side has one, and the newest package's object is there: they belong together."""
    ours.publish()
    lose(ours, IDENTITY)
    ours.sql("DELETE FROM database_identity")
    assert ours.parts.identity.settle()
    assert ours.stored().decode() == ours.row()


@pytest.mark.parametrize("content", [b"", b"another", b"two words", b"x" * 100_000])
def test_whatever_else_stands_there_is_another_s(ours: Side, content: bytes) -> None:
    """An empty, a foreign, a malformed or a huge object is not our identity."""
    ours.publish()
    ours.storage.write(IDENTITY, BytesIO(content))
    assert not ours.parts.identity.settle()


def test_adopt(ours: Side, other: Side) -> None:
    """The storage is the other's then: its running instance goes on, and ours stops."""
    assert other.status() == 503
    fresh = IdentityRow(other.parts.database).identity()
    result = other.app.test_cli_runner().invoke(args=["storage", "adopt"])
    assert (result.exit_code, result.stdout) == (0, "The storage is this database's.\n")
    assert other.stored().decode() == fresh
    assert other.client.put(PATH.format("3.0.0"), data=b"new").status_code == 201
    assert not ours.parts.identity.settle()


def test_a_running_instance_goes_on_after_adopt(make_app: MakeApp, other: Side, other_database: str,
                                                storage_sections: Sections) -> None:
    """By its next request, without a restart."""
    assert other.client.put(PATH.format("3.0.0"), data=b"new").status_code == 503
    side_of(make_app(other_database, **storage_sections)).parts.identity.adopt()
    assert other.client.put(PATH.format("3.0.0"), data=b"new").status_code == 201


def test_adopt_an_emptied_storage(ours: Side) -> None:
    """Also where the identity is gone with everything else: what is lost is lost, and uploads go on."""
    lose(ours, ours.publish(), IDENTITY)
    assert not ours.parts.identity.settle()
    ours.parts.identity.adopt()
    assert ours.status() == 502
    assert ours.client.put(PATH.format("1.0.0"), data=b"bytes of 1.0.0").status_code == 200


def test_no_such_key_while_the_identity_is_gone_too(ours: Side) -> None:
    """A cluster that starts says so of objects that are there: 503; 502 once the identity can be read."""
    key = ours.publish("1.0.0")
    ours.publish("2.0.0")
    lose(ours, key, IDENTITY)
    assert ours.status() == 503
    assert ours.parts.identity.settle()
    assert ours.status() == 502


def test_a_repeated_upload_replaces_nothing_while_the_identity_is_gone(ours: Side) -> None:
    """Whether the first one's object is there cannot be told then."""
    lose(ours, ours.publish(), IDENTITY)
    assert ours.client.put(PATH.format("1.0.0"), data=b"bytes of 1.0.0").status_code == 503


def test_a_download_costs_what_it_did(ours: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first comparison neither a query nor a look at the storage is added."""
    ours.publish()
    asked: list[str] = []

    def noting(name: str) -> Callable[..., object]:
        original = getattr(type(ours.storage), name)

        def note(storage: Storage, *arguments: object, **options: object) -> WrittenObject:
            asked.append(name)
            result: WrittenObject = original(storage, *arguments, **options)
            return result

        return note

    for name in ("open", "stat", "ping"):
        monkeypatch.setattr(type(ours.storage), name, noting(name))
    monkeypatch.setattr(IdentityRow, "identity", noting("open"))
    assert ours.status() == 200
    assert asked == ["open"]


def test_orphans_count_no_identity(ours: Side) -> None:
    """Nor delete it."""
    ours.publish()
    assert ours.command("orphans", "--delete", "--grace", "0").stdout == "0 orphans, 0 bytes\n"
    assert ours.stored()
