"""Packages by name, as the console lists them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app.packages import names
from app.packages.names import NameFilters, NamePage, PackageName, PackageNames
from app.wiring import Services
from tests.api.packages.publishing import published
from tests.api.signatures.signing import policy, raw, sign


@pytest.fixture
def by_name(parts: Services) -> PackageNames:
    """What is tested."""
    return parts.packages.names


def listed(page: NamePage) -> list[str]:
    """The names of a page."""
    return [each.name for each in page.names]


def only(by_name: PackageNames) -> PackageName:
    """The one name there is."""
    (name,) = by_name.page(NameFilters(), 10).names
    return name


def uploaded_at(parts: Services, **moments: str) -> None:
    """Set when the files of each name came."""
    with parts.database.writing() as connection:
        for name, moment in moments.items():
            values = {"name": name, "moment": moment}
            connection.execute(text("UPDATE packages SET created_at = :moment WHERE name = :name"), values)


def yank(client: FlaskClient, package: dict[str, Any]) -> None:
    """Yank a package."""
    assert client.patch(f"/api/v1/packages/{package['id']}", json={"is_active": False}).status_code == 200


def test_what_is_told_of_a_name(publisher: FlaskClient, by_name: PackageNames) -> None:
    """The latest by SemVer, its files by platform, the pre-release after it, and who uploaded last."""
    for version, platform, arch in (
        *(("1.9.0", "linux", "amd64"), ("1.10.0", "linux", "amd64"), ("1.10.0", "linux", "arm64")),
        *(("1.10.0", "windows", "amd64"), ("2.0.0-rc.1", "darwin", "arm64"), ("1.2.0", "plan9", "amd64")),
    ):
        published(publisher, version.encode(), version=version, platform=platform, arch=arch, description=version)
    name = only(by_name)
    assert name.latest is not None
    assert name.latest.version == "1.10.0"
    assert name.prerelease is not None
    assert name.prerelease.version == "2.0.0-rc.1"
    assert name.files == {"linux": 2, "windows": 1}
    assert (name.description, name.uploaded_by, name.uploaded_by_kind) == ("1.2.0", "publisher of the tests", "token")
    assert name.withheld is None


def test_an_older_prerelease_is_not_told(publisher: FlaskClient, by_name: PackageNames) -> None:
    """A pre-release of before the latest release is nothing to come."""
    published(publisher, version="1.0.0-rc.1")
    published(publisher, b"2", version="1.0.0")
    assert only(by_name).prerelease is None


def test_prereleases_alone(publisher: FlaskClient, by_name: PackageNames) -> None:
    """Without a release there is no latest, and the files are those of the pre-release."""
    published(publisher, version="1.0.0-rc.1")
    assert only(by_name).latest is None
    assert only(by_name).files == {"linux": 1}


def test_all_yanked(publisher: FlaskClient, by_name: PackageNames) -> None:
    """Where nothing is active, the newest that was."""
    for version in ("1.0.0", "1.1.0"):
        yank(publisher, published(publisher, version.encode(), version=version))
    name = only(by_name)
    assert (name.latest, name.prerelease) == (None, None)
    assert name.withheld is not None
    assert (name.withheld.version, name.is_blocked) == ("1.1.0", False)
    assert name.files == {"linux": 1}


def test_a_blocked_version_is_not_latest(admin: FlaskClient, by_name: PackageNames) -> None:
    """Blocked is as yanked: the next lower version is the latest, with its files; where all are blocked, it says so."""
    signed = published(admin, version="1.0.0")
    sign(admin, signed, raw())
    for version in ("1.1.0", "1.2.0-rc.1"):
        published(admin, version=version)
    policy(admin)
    name = only(by_name)
    assert name.latest is not None
    assert (name.latest.version, name.prerelease, name.withheld) == ("1.0.0", None, None)
    assert name.files == {"linux": 1}
    policy(admin, signers=[])
    name = only(by_name)
    assert (name.latest, name.prerelease, name.is_blocked, name.files) == (None, None, True, {"linux": 1})
    assert name.withheld is not None
    assert name.withheld.version == "1.2.0-rc.1"


def test_filters_hold_of_one_file(publisher: FlaskClient, by_name: PackageNames) -> None:
    """Platform, architecture and state must hold of one and the same file."""
    published(publisher, name="a", platform="linux", arch="amd64")
    published(publisher, b"2", name="a", platform="windows", arch="arm64")
    yank(publisher, published(publisher, name="b", platform="linux", arch="arm64"))
    assert listed(by_name.page(NameFilters(platform="linux"), 10)) == ["a", "b"]
    assert listed(by_name.page(NameFilters(platform="linux", arch="arm64"), 10)) == ["b"]
    assert listed(by_name.page(NameFilters(arch="arm64", is_active=True), 10)) == ["a"]
    assert listed(by_name.page(NameFilters(platform="windows", is_active=False), 10)) == []


def test_filters_of_trust(publisher: FlaskClient, admin: FlaskClient, by_name: PackageNames) -> None:
    """Names that have a file of this trust, or one that a policy blocks."""
    published(publisher, name="opamp-agent")
    published(publisher, name="others")
    policy(admin)
    for filters, found in (
        (NameFilters(trust="untrusted"), ["opamp-agent"]),
        (NameFilters(trust="none"), ["others"]),
        (NameFilters(blocked=True), ["opamp-agent"]),
        (NameFilters(blocked=True, trust="none"), []),
    ):
        assert listed(by_name.page(filters, 10, sort="-created_at")) == found


@pytest.mark.parametrize(("q", "found"), [("TEL", ["otel", "telegraf"]), ("el", ["otel", "telegraf"]), ("%", [])])
def test_search(publisher: FlaskClient, by_name: PackageNames, q: str, found: list[str]) -> None:
    """Any part of the name, in any case; percent and underscore are themselves."""
    for name in ("nginx", "otel", "telegraf"):
        published(publisher, name=name)
    assert listed(by_name.page(NameFilters(q=q), 10)) == found


@pytest.mark.parametrize("q", ["age", "ag"])
def test_search_beyond_the_next_names(
    publisher: FlaskClient, by_name: PackageNames, monkeypatch: pytest.MonkeyPatch, q: str
) -> None:
    """What is not among the next names is found, by the trigram index or page by page."""
    monkeypatch.setattr(names, "LOOK_AHEAD", 2)
    for name in ("agent-1", "b", "c", "d", "e", "the-agent", "the-agent-2"):
        published(publisher, name=name)
    found: list[str] = []
    page = by_name.page(NameFilters(q=q), 2)
    while True:
        found += listed(page)
        if page.after is None:
            break
        page = by_name.page(NameFilters(q=q), 2, after=page.after)
    assert found == ["agent-1", "the-agent", "the-agent-2"]


@pytest.mark.parametrize("sort", ["name", "-created_at"])
def test_pages_skip_and_repeat_none(publisher: FlaskClient, by_name: PackageNames, sort: names.NameSort) -> None:
    """Pages of two give all names once, while another is uploaded between them."""
    for name in ("c", "a", "b", "e", "d"):
        published(publisher, name=name)
    page = by_name.page(NameFilters(), 2, sort=sort)
    seen = listed(page)
    published(publisher, name="a0")
    while page.after is not None:
        page = by_name.page(NameFilters(), 2, sort=sort, after=page.after)
        seen += listed(page)
    assert sorted(set(seen) - {"a0"}) == ["a", "b", "c", "d", "e"]
    assert len(seen) == len(set(seen))


def test_newest_upload_first(publisher: FlaskClient, parts: Services, by_name: PackageNames) -> None:
    """By the last upload of each, the newest first."""
    for name in ("a", "b", "c"):
        published(publisher, name=name)
    uploaded_at(parts, a="2026-01-02T00:00Z", b="2026-01-03T00:00Z", c="2026-01-01T00:00Z")
    page = by_name.page(NameFilters(), 2, sort="-created_at")
    assert listed(page) == ["b", "a"]
    assert page.after == (datetime(2026, 1, 2, tzinfo=UTC), "a")


def test_too_many_for_the_newest(
    publisher: FlaskClient, by_name: PackageNames, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large catalogue is sorted by name, and says so, on all of its pages."""
    monkeypatch.setattr(names, "MAX_BY_UPLOAD", 2)
    for name in ("c", "a", "b"):
        published(publisher, name=name)
    page = by_name.page(NameFilters(), 2, sort="-created_at")
    assert (page.sort, listed(page)) == ("name", ["a", "b"])
    assert listed(by_name.page(NameFilters(), 2, sort="-created_at", after=page.after)) == ["c"]
