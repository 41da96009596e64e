"""The latest version, and its download."""

from flask.testing import FlaskClient

from tests.api.conftest import problem_of
from tests.api.packages.publishing import published


def test_the_latest_is_downloaded_in_one_request(publisher: FlaskClient, agent: FlaskClient) -> None:
    """latest/download has the bytes that latest describes; HEAD and ranges as of any download; 404 where none is."""
    for version in ("1.0.0", "1.1.0", "2.0.0-rc.1"):
        published(publisher, version.encode(), version=version, file_name=f"agent-{version}")
    query = {"name": "opamp-agent", "platform": "Linux", "arch": "x86_64"}
    url = "/api/v1/packages/latest/download"
    response = agent.get(url, query_string=query)
    assert response.data == b"1.1.0"
    assert "agent-1.1.0" in response.headers["Content-Disposition"]
    assert agent.get(url, query_string=query | {"prerelease": "true"}).data == b"2.0.0-rc.1"
    assert agent.head(url, query_string=query).headers["ETag"] == response.headers["ETag"]
    assert agent.get(url, query_string=query, headers={"Range": "bytes=2-"}).data == b"1.0"
    assert problem_of(agent.get(url, query_string=query | {"platform": "plan9"}))["status"] == 404
    assert problem_of(agent.get(url))["status"] == 422


def latest(client: FlaskClient, **query: str) -> object:
    """The latest version for linux/amd64, or the problem's status."""
    asked = {"name": "opamp-agent", "platform": "linux", "arch": "amd64", **query}
    response = client.get("/api/v1/packages/latest", query_string=asked)
    return response.get_json()["version"] if response.status_code == 200 else response.status_code


def test_latest_is_the_highest_release(released: FlaskClient) -> None:
    """By precedence, not by upload."""
    assert latest(released) == "v1.1.0"


def test_latest_takes_prereleases_only_when_asked(publisher: FlaskClient) -> None:
    """2.0.0-rc.1 is above 1.0.0, for those who ask."""
    published(publisher, b"1")
    published(publisher, b"2", version="2.0.0-rc.1")
    assert latest(publisher) == "1.0.0"
    assert latest(publisher, prerelease="true") == "2.0.0-rc.1"


def test_latest_passes_over_yanked_versions(released: FlaskClient) -> None:
    """Inactive is not latest."""
    newest = released.get("/api/v1/packages?version=v1.1.0").get_json()[0]
    released.patch(f"/api/v1/packages/{newest['id']}", json={"is_active": False})
    assert latest(released) == "1.0.0"


def test_latest_prefers_the_exact_arch_to_any(publisher: FlaskClient) -> None:
    """`any` serves those without a file of their own, even if it is newer."""
    published(publisher, b"any", arch="any", version="9.0.0")
    assert latest(publisher) == "9.0.0"
    published(publisher, b"own", version="1.0.0")
    assert latest(publisher) == "1.0.0"
    assert latest(publisher, arch="arm64") == "9.0.0"
    assert latest(publisher, arch="any") == "9.0.0"


def test_of_equal_precedence_the_later_upload_is_latest(publisher: FlaskClient) -> None:
    """Build metadata does not count (SemVer, section 10)."""
    published(publisher, b"1", version="1.0.0+b")
    published(publisher, b"2", version="1.0.0+a")
    assert latest(publisher) == "1.0.0+a"


def test_latest_of_nothing_is_not_found(agent: FlaskClient) -> None:
    """404 for an unknown name; 422 if a parameter is missing."""
    assert latest(agent) == 404
    assert agent.get("/api/v1/packages/latest?name=x").status_code == 422
