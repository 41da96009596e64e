"""Health, metrics and logs of the whole application."""

import json

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from app.errors import DatabaseUnavailable, StorageUnavailable
from app.operations.health import Part
from app.wiring import Services
from tests.api.conftest import problem_of


@pytest.fixture
def broken_storage(app: Flask, parts: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """The storage does not answer a ping, as far as health can see."""

    def refuse() -> None:
        raise StorageUnavailable

    broken = [Part("database", parts.database.ping), Part("storage", refuse)]
    monkeypatch.setattr(parts.readiness, "parts", broken)


@pytest.mark.parametrize("path", ["/health", "/health/ready"])
def test_ready(client: FlaskClient, path: str) -> None:
    """With PostgreSQL and storage up the service is ready."""
    response = client.get(path)
    assert (response.status_code, response.get_json()) == (
        200,
        {"status": "ok", "parts": {"database": "ok", "storage": "ok"}},
    )


@pytest.mark.parametrize("path", ["/health", "/health/ready"])
def test_not_ready(broken_storage: None, client: FlaskClient, path: str) -> None:
    """Without storage the service is not ready, and says which part is missing and when to ask again."""
    response = client.get(path)
    assert response.status_code == 503
    assert response.headers["Retry-After"]
    assert problem_of(response)["parts"] == {"database": "ok", "storage": "down"}


def test_live_without_parts(broken_storage: None, client: FlaskClient) -> None:
    """The service lives though storage is gone."""
    assert client.get("/health/live").get_json() == {"status": "ok"}


@pytest.mark.parametrize("path", ["/health", "/health/ready", "/health/live", "/metrics"])
def test_open_to_all(client: FlaskClient, path: str) -> None:
    """Neither a bad token nor a query matters; HEAD has the status and no body; other methods are refused."""
    headers = {"Authorization": "Bearer nonsense", "X-Request-ID": "probe-1"}
    response = client.get(f"{path}?verbose&verbose", headers=headers)
    assert (response.status_code, response.headers["X-Request-ID"]) == (200, "probe-1")
    head = client.head(path)
    assert (head.status_code, head.data) == (200, b"")
    refused = client.post(path)
    assert (refused.status_code, "GET" in refused.headers["Allow"]) == (405, True)
    assert problem_of(refused)


@pytest.mark.parametrize("path", ["/health/", "/metrics/", "/health/x", "/api/v1/health"])
def test_other_paths(client: FlaskClient, path: str) -> None:
    """A trailing slash or another prefix is another path."""
    assert client.get(path).status_code == 404


def test_metrics(client: FlaskClient, agent: FlaskClient) -> None:
    """What was requested is in the metrics, by its route and never by its path."""
    with agent.get("/api/v1/packages/4711"), client.get("/nobody/knows/this/4712"):
        pass
    response = client.get("/metrics")
    assert response.content_type.startswith("text/plain; version=0.0.4")
    families = {family.name: family for family in text_string_to_metric_families(response.text)}
    counted = {
        (sample.labels["route"], sample.labels["status"])
        for sample in families["opamp_packages_http_requests"].samples
        if sample.name.endswith("_total")
    }
    assert {("/api/v1/packages/<bigint:package_id>", "404"), ("unmatched", "404")} <= counted
    assert "471" not in "".join(route for route, _ in counted)
    for name in ("uploads_in_progress", "storage_errors", "database_errors", "http_sent_bytes"):
        assert f"opamp_packages_{name}" in families


def test_storage_errors_are_counted(parts: Services, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operation that the storage refuses counts under its name."""

    def refuse(*_: object) -> None:
        raise StorageUnavailable

    monkeypatch.setattr(parts.storage.beneath, "ping", refuse)
    with pytest.raises(StorageUnavailable):
        parts.storage.ping()
    assert 'opamp_packages_storage_errors_total{operation="ping"}' in client.get("/metrics").text


def test_log_names_the_user(agent: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    """A request's line names the machine token by its name and holds nothing of the token itself."""
    with agent.get("/api/v1/me?token=hidden"):
        pass
    err = capsys.readouterr().err
    line = json.loads(err.splitlines()[-1])
    assert (line["user"], line["route"], line["status"]) == ("agent of the tests", "/api/v1/me", 422)
    assert "hidden" not in err
    assert "eyJ" not in err
    assert DatabaseUnavailable.detail not in err
