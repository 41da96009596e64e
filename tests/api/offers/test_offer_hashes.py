"""An offer's hashes, and what an offer costs while nothing changes."""

import base64

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app.offers.catalogue import Catalogue
from app.wiring import Services
from tests.api.channels.setting import channel
from tests.api.offers.asking import LINUX, ask, versions
from tests.api.packages.publishing import published


def test_hashes_stay_equal(publisher: FlaskClient, agent: FlaskClient, parts: Services) -> None:
    """From poll to poll, for every caller, and on a replica that remembers nothing."""
    for name in ("b", "a", "c"):
        published(publisher, name=name)
    channel(publisher, packages={"c": "latest", "a": "1.0.0", "b": "latest"})
    first, second = ask(agent).get_json(), ask(publisher).get_json()
    assert first["allPackagesHash"] == second["allPackagesHash"]
    assert {p["hash"] for p in first["packages"].values()} == {p["hash"] for p in second["packages"].values()}
    with parts.database.reading() as connection:
        replica = Catalogue(parts.config.server.public_url).offer_now(connection, LINUX)
    assert replica is not None
    assert base64.b64encode(replica.hash).decode() == first["allPackagesHash"]


def test_hashes_change(publisher: FlaskClient, agent: FlaskClient) -> None:
    """With the version and with the type."""
    published(publisher)
    seen = set()
    for type_ in ("addon", "top_level"):
        channel(publisher, packages=[{"name": "opamp-agent", "version": "latest", "type": type_}])
        seen.add(ask(agent).get_json()["allPackagesHash"])
    published(publisher, version="1.0.1")
    seen.add(ask(agent).get_json()["allPackagesHash"])
    assert len(seen) == 3


def test_three_queries(publisher: FlaskClient, agent: FlaskClient, statements: list[str]) -> None:
    """The token's, and at most three for an offer of many packages; one while nothing has changed."""
    names = [f"package-{number}" for number in range(20)]
    for name in names:
        published(publisher, name=name)
    channel(publisher, packages=dict.fromkeys(names, "latest"))
    statements.clear()
    assert len(versions(ask(agent))) == 20
    assert len(statements) == 4
    statements.clear()
    assert len(versions(ask(agent))) == 20
    assert len(statements) == 2


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO channels (name, match) VALUES ('x', '{}')",
        "UPDATE channels SET description = 'x'",
        "DELETE FROM channels",
        "DELETE FROM packages",
        "UPDATE packages SET is_active = false",
    ],
)
def test_every_change_is_another_version(publisher: FlaskClient, parts: Services, change: str) -> None:
    """Whoever changes what may be offered, by whatever means, is noticed."""
    version = text("SELECT coalesce(sum(value), 0) FROM offer_versions")
    published(publisher)
    with parts.database.reading() as connection:
        before = connection.scalar(version)
        connection.execute(text(change))
        assert connection.scalar(version) > before


def test_changes_at_once_do_not_wait_for_each_other(parts: Services) -> None:
    """Two transactions that change something both go on, and both count."""
    insert = text("INSERT INTO channels (name, match) VALUES (:name, '{}')")
    version = text("SELECT sum(value) FROM offer_versions")
    with parts.database.writing() as one, parts.database.writing() as other, parts.database.reading() as reader:
        before = reader.scalar(version)
        one.execute(insert, {"name": "a"})
        other.execute(insert, {"name": "b"})
        assert reader.scalar(version) == before
        other.commit()
        between = reader.scalar(version)
        one.commit()
        assert before < between < reader.scalar(version)
