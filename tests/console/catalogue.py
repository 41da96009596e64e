"""A catalogue to look at: packages with holes, yanked and damaged files, a policy, channels, agents, failures."""

import hashlib
import json
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import Connection, text

from app.accounts.roles import Role
from app.errors import DatabaseUnavailable
from app.packages.versions import is_prerelease, sort_key
from tests.api.signatures.signing import policy
from tests.console.ended_rollout import add_rollout
from tests.console.site import PASSWORD, Console

Target = tuple[str, str]

LINUX: list[Target] = [("linux", arch) for arch in ("amd64", "arm64", "arm", "386", "ppc64le", "s390x")]
OTHERS: list[Target] = [("darwin", "amd64"), ("darwin", "arm64"), ("windows", "amd64")]
ALL = [*LINUX, *OTHERS]
MAIN = "otelcol-contrib"
LATEST = "0.119.0"
POLICY, WATCHED = "release", "jmx-scraper"
"""A policy that only warns, and the package that it is about."""

CATALOGUE: dict[str, tuple[str, dict[str, Sequence[Target]]]] = {
    "ca-bundle": ("Certificates that agents trust", {"2026.10.1": [(each, "any") for each in ("linux", "windows")]}),
    "legacy-agent": ("Before OpenTelemetry", {"5.14.2": LINUX[:2]}),
    "jmx-scraper": ("JVM metrics, one jar for all", {"1.46.0": [("linux", "any"), ("windows", "any")]}),
    "ebpf-profiler": ("Whole-system profiles for Linux", {"0.3.2": LINUX[:2], "0.4.0-beta.2": LINUX[:2]}),
    "opamp-supervisor": ("Runs and upgrades a collector", {"0.118.0": LINUX[:4], LATEST: LINUX[:4]}),
    "otelcol": ("Collector with core components", {"0.118.0": ALL, LATEST: ALL}),
    MAIN: (
        "OpenTelemetry Collector with all components of the contrib repository",
        {
            "0.116.0": [*LINUX[:4], *OTHERS],
            "0.116.1": [*ALL, ("windows", "386")],
            "0.117.0": [*ALL, ("windows", "386")],
            "0.118.0": [*ALL, ("windows", "386")],
            LATEST: ALL,
            "0.120.0-rc.1": LINUX[:2],
        },
    ),
}
"""Name: description, and versions with their platforms, in the order of their upload."""

YANKED = (("legacy-agent", "5.14.2"), (MAIN, "0.117.0"))
DAMAGED = ("otelcol", "0.118.0", "s390x")
ERROR = "fork/exec /opt/otelcol-contrib: exec format error"

CHANNELS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "stable": ({"service.name": "collector"}, {MAIN: "latest", "ca-bundle": "latest"}),
    "beta": ({"deployment.environment": "staging"}, {MAIN: "0.120.0-rc.1"}),
    "edge": ({"deployment.environment": "edge"}, {"otelcol": LATEST}),
}

AGENTS: list[tuple[Target, int, str, str | None]] = [
    (("linux", "amd64"), 40, LATEST, None),
    (("linux", "arm64"), 20, "0.118.0", None),
    (("linux", "arm"), 9, "0.118.0", ERROR),
    (("windows", "386"), 6, "0.118.0", None),
    (("windows", "amd64"), 12, "0.117.0", None),
]
"""Platform and arch, how many, which version of MAIN they have, with which error they fail to get the latest."""

FAILING_AGENT = uuid.uuid5(uuid.NAMESPACE_DNS, "linux-arm-000")

TOKENS = (
    ("release job", Role.PUBLISHER, 200, 0),
    ("fleet in Berlin", Role.AGENT, 9, 0),
    ("nightly builds", Role.PUBLISHER, 340, 21),
    ("old collector", Role.AGENT, -3, 40),
)
"""Name, role, in how many days it ends, how many days ago it was used."""

ADD_FILE = text("""
INSERT INTO packages (name, version, version_key, is_prerelease, platform, arch, file_name, file_size, checksum,
                      content_type, object_key, fingerprint, description, is_active, damaged_at, created_at, updated_at,
                      created_by)
VALUES (:name, :version, :version_key, :is_prerelease, :platform, :arch, :file_name, :file_size, :checksum,
        'application/gzip', 'objects/' || left(:checksum, 40), 'none', :description, :is_active,
        CASE WHEN :is_damaged THEN now() END, now() - :age * interval '1 hour', now() - :age * interval '1 hour', 'ci')
""")
ADD_AGENT = text("""
WITH added AS (
    INSERT INTO agents (instance_uid, attributes, platform, arch, channel)
    VALUES (:uid, CAST(:attributes AS jsonb), :platform, :arch, 'stable') RETURNING instance_uid
), polled AS (
    INSERT INTO agent_polls (instance_uid, capabilities, last_seen)
    SELECT instance_uid, 31, now() - :silent * interval '1 hour' FROM added
)
INSERT INTO agent_packages (instance_uid, name, version, has_hash, status, error, offered_version)
SELECT instance_uid, :package, :version, '\\x01', :status, :error, :offered FROM added
""")


COUNT = text("SELECT (SELECT count(*) FROM packages), (SELECT count(*) FROM channels), (SELECT count(*) FROM agents)")
REMOVE_TOKENS = text("DELETE FROM tokens WHERE created_by = 'maria'")
USE_TOKENS = text("UPDATE tokens SET last_used_on = current_date - CAST(:days AS int) WHERE id = :id")


def fill(console: Console) -> None:
    """Put the catalogue in place of what there is."""
    empty(console)
    fill_tokens(console)
    with console.parts.database.writing() as connection:
        for number, file in enumerate(files()):
            connection.execute(ADD_FILE, {**file, "age": 1 + 3 * (count_of_files() - number)})
        for agent in agents():
            connection.execute(ADD_AGENT, agent)
    admin = api(console)
    for name, (match, packages) in CHANNELS.items():
        wanted = [{"name": package, "version": version} for package, version in packages.items()]
        answer = admin.put(f"/api/v1/channels/{name}", json={"match": match, "packages": wanted})
        assert answer.status_code == 201, answer.text
    with console.parts.database.writing() as connection:
        add_rollout(connection, MAIN, "0.118.0", LATEST)
    policy(admin, POLICY, packages=[WATCHED], mode="warn", description="Not enforced before every build signs")


def fill_tokens(console: Console) -> None:
    """Put the catalogue's tokens beside those of other tests."""
    store, now = console.parts.accounts.store, datetime.now(UTC)
    with console.parts.database.writing() as connection:
        connection.execute(REMOVE_TOKENS)
    rows = [
        (store.add_token(name, role, now + timedelta(days), "maria")[0].id, used) for name, role, days, used in TOKENS
    ]
    with console.parts.database.writing() as connection:
        for token_id, used in rows:
            connection.execute(USE_TOKENS, {"id": token_id, "days": used})


EMPTY = text("TRUNCATE packages, channels, channel_packages, agents, uploads, policies CASCADE")


def empty(console: Console) -> None:
    """Remove packages, policies, channels and agents; again, where PostgreSQL ends it for a deadlock with a duty."""
    for is_last in (False, False, True):
        try:
            with console.parts.database.writing() as connection:
                connection.execute(EMPTY)
        except DatabaseUnavailable:
            if is_last:
                raise
        else:
            return


def is_filled(connection: Connection) -> bool:
    """Whether just the catalogue's files, channels and agents are there."""
    counts = connection.execute(COUNT).one()
    return tuple(counts) == (count_of_files(), len(CHANNELS), sum(number for _, number, _, _ in AGENTS))


def count_of_files() -> int:
    """How many files the catalogue has."""
    return sum(len(targets) for _, versions in CATALOGUE.values() for targets in versions.values())


def files() -> Iterator[dict[str, Any]]:
    """The rows of packages."""
    for name, (description, versions) in CATALOGUE.items():
        for version, targets in versions.items():
            for platform, arch in targets:
                checksum = hashlib.sha256(f"{name} {version} {platform} {arch}".encode()).hexdigest()
                yield {
                    "name": name,
                    "version": version,
                    "version_key": sort_key(version),
                    "is_prerelease": is_prerelease(version),
                    "platform": platform,
                    "arch": arch,
                    "file_name": f"{name}_{version}_{platform}_{arch}.tar.gz",
                    "file_size": 20_000_000 + int(checksum[:7], 16) % 80_000_000,
                    "checksum": checksum,
                    "description": description,
                    "is_active": (name, version) not in YANKED,
                    "is_damaged": (name, version, arch) == DAMAGED,
                }


def agents() -> Iterator[dict[str, Any]]:
    """The rows of agents, every seventh of them silent for five hours."""
    for (platform, arch), number, version, error in AGENTS:
        for index in range(number):
            host = f"{platform}-{arch}-{index:03}"
            yield {
                "uid": uuid.uuid5(uuid.NAMESPACE_DNS, host),
                "attributes": json.dumps({"service.name": "collector", "host.name": host, "os.type": platform}),
                "platform": platform,
                "arch": arch,
                "silent": 5 if index % 7 == 6 else 0,
                "package": MAIN,
                "version": version,
                "status": "failed" if error else "installed",
                "error": error,
                "offered": LATEST,
            }


def api(console: Console, username: str = "admin") -> FlaskClient:
    """A client of the API with a login's token of this user."""
    login = {"username": username, "password": PASSWORD}
    token = console.app.test_client().post("/api/v1/auth/login", json=login).get_json(force=True)["token"]
    client = console.app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


def publish(console: Console, name: str, version: str, target: Target = LINUX[0], content: bytes = b"bytes") -> int:
    """Publish a file of these bytes by the API; returns its id."""
    path = f"/api/v1/packages/{name}/{version}/{target[0]}/{target[1]}/{name}.tar.gz"
    answer = api(console).put(path, data=content, content_type="application/octet-stream")
    assert answer.status_code in (200, 201), answer.text
    return int(answer.get_json(force=True)["id"])
