"""An identity that is absent, gone or given anew: what makes a storage a database's, on every backend."""

from io import BytesIO

import pytest

from app.objects.identity import IDENTITY
from app.objects.identity_row import IdentityRow
from tests.integration.objects.conftest import MakeApp, Sections
from tests.integration.objects.sides import PATH, Side, lose, side_of

pytestmark = pytest.mark.usefixtures("at_once")


def test_a_database_without_identity_that_has_packages(other: Side) -> None:
    """A storage with an identity is not its own."""
    other.sql("DELETE FROM database_identity")
    assert not other.parts.identity.settle()
    assert other.row() is None


def test_a_new_database_takes_the_storage_s_identity(
    ours: Side, at_home: Side, make_app: MakeApp, other_database: str, storage_sections: Sections
) -> None:
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


def test_a_running_instance_goes_on_after_adopt(
    make_app: MakeApp, other: Side, other_database: str, storage_sections: Sections
) -> None:
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
