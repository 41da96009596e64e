"""A storage belongs to one database: compared, and told, on every backend."""

from collections.abc import Callable

import pytest

from app.objects.identity import IDENTITY, StorageMismatch
from app.objects.identity_row import IdentityRow
from app.storage.interface import Storage, WrittenObject
from tests.integration.objects.sides import PATH, Side

pytestmark = pytest.mark.usefixtures("at_once")


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
