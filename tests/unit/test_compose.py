"""docker-compose.yml: no secret in it, the schema first, nothing writable, time to finish."""

import re
from typing import Any

import pytest
import yaml

from app.config.load import PREFIX, SECTIONS
from app.config.sections import PROJECT
from dev.parts.go_tools import MODULES

FILE = PROJECT / "docker-compose.yml"
SECRET = re.compile(r"PASSWORD|SECRET")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """The services by name."""
    parsed: dict[str, Any] = yaml.safe_load(FILE.read_text())["services"]
    return parsed


def test_no_secret_has_a_value(services: dict[str, Any]) -> None:
    """Every secret is taken from outside, and without it nothing starts."""
    settings = [item for service in services.values() for item in service.get("environment", {}).items()]
    secrets = {name: value for name, value in settings if SECRET.search(name)}
    assert len(secrets) >= 3
    assert [name for name, value in secrets.items() if not re.fullmatch(r"\$\{\w+:\?.+\}", value)] == []


def test_variables_are_keys(services: dict[str, Any]) -> None:
    """Every OPAMP_PACKAGES_ variable is one that the service knows."""
    known = {f"{PREFIX}{section}__{key}".upper() for section, model in SECTIONS.items() for key in model.model_fields}
    assert set(services["packages"]["environment"]) <= known


def test_the_schema_comes_first(services: dict[str, Any]) -> None:
    """The service starts when the migration, a step of its own, has ended well."""
    assert services["migrate"]["command"] == ["flask", "--app", "wsgi", "db", "upgrade"]
    assert services["migrate"]["restart"] == "no"
    assert services["packages"]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_nothing_is_writable(services: dict[str, Any]) -> None:
    """Every service runs on a read-only root file system."""
    assert [name for name, service in services.items() if service.get("read_only") is not True] == []


def test_one_version_of_minio() -> None:
    """The image is built from the MinIO that the tests run on."""
    assert MODULES["minio"] in (PROJECT / "deploy" / "minio" / "Dockerfile").read_text()


def test_there_is_time_to_finish(services: dict[str, Any]) -> None:
    """The engine waits longer for the service than the service for its last requests."""
    packages = services["packages"]
    graceful = int(packages["environment"]["OPAMP_PACKAGES_SERVER__GRACEFUL_TIMEOUT"].removesuffix("s"))
    assert int(packages["stop_grace_period"].removesuffix("s")) > graceful
