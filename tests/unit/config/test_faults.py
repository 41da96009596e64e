"""Each key wrong in each way: the start ends with one line that names the key and holds no secret."""

import os
from pathlib import Path

import pytest
import yaml

from app.config.load import SECTIONS
from tests.configuration import environment
from tests.unit.config.starting import fault_of, without, written

KEYS = [f"{section}.{key}" for section, model in SECTIONS.items() for key in model.model_fields]
TRUTHS = ["minio.use_ssl", "console.enabled"]

WRONG: dict[str, list[object]] = {
    "server.host": ["", "a b", "http://h", "h:80", "-h", "999.1.1.1", "h/"],
    "server.port": [0, 65536, -1, "8080x", 80.5, True],
    "server.public_url": [
        "example.com",
        "ftp://h",
        "http://",
        "http://h/",
        "http://h/p/",
        "http://h?q",
        "http://h?",
        "http://h#f",
        "http://h#",
        "http://u:p@h",
        "http://h:0",
        "http://h:99999",
        "http://h:",
        "http://h/a b",
        "http://[::1",
        "//h",
    ],
    "server.trusted_proxies": [-1, 101, "all"],
    "server.workers": [0, -1, "auto"],
    "server.threads": [0, -1, "many"],
    "server.body_threads": [0, -1, "many"],
    "server.max_connections": [0, 15, "all"],
    "server.graceful_timeout": [0, -1, "60 seconds", "1.5h", "h"],
    "database.host": ["", "a b", "h:5432"],
    "database.port": [0, 65536, "p"],
    "database.user": ["", " "],
    "database.dbname": ["", " "],
    "database.url": [
        "mysql://u:p@h/d",
        "u:p@h/d",
        "postgresql://h:0/d",
        "postgresql://h:99999/d",
        "postgresql://h/d?sslmode=no",
        "postgresql://h/d?nothing=1",
        "postgresql://a b/d",
        "postgresql+psycopg2://h/d",
    ],
    "database.sslmode": ["yes", "", "PREFER"],
    "database.pool_size": [0, -5, "x"],
    "jwt.secret_key": ["", "short", "k" * 31],
    "jwt.duration": [0, -1, "1w", "24 hours", "99999999d"],
    "storage.backend": ["s3", "", "MINIO"],
    "storage.root": ["", " "],
    "minio.endpoint": ["", "http://h:9000", "h:0", "h:99999", "h:x", "h/p", "u:p@h", "h:1:2", "a b"],
    "minio.bucket": ["", "ab", "A-bucket", "a_b_c", "-abc", "abc-", "a..b", "192.168.1.1", "x" * 64, "a/b"],
    "minio.use_ssl": ["maybe", 2],
    "console.enabled": ["maybe", 2],
    "minio.region": ["eu west", "x" * 65],
    "minio.public_endpoint": ["https://h", "h/", "h:0"],
    "minio.upload_memory": ["15MiB", "2GiB", "much"],
    "packages.max_size": [0, -1, "5GB", "5 gib", "1.5GiB", "GiB", "9999999TiB"],
    "packages.upload_timeout": [0, -1, "x"],
    "packages.upload_expiry": [0, -1, "x"],
    "packages.delivery": ["proxy", ""],
    "agents.polling_interval": [0, "never"],
    "agents.retention": [0, "ever"],
    "rollouts.interval": [0, "1d", "often"],
}
ANY_TEXT = {"database.password", "minio.access_key", "minio.secret_key"}


def test_each_key_has_impossible_values() -> None:
    """Each key is tried, but for those that take any text."""
    assert set(WRONG) == set(KEYS) - ANY_TEXT


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in WRONG.items() for value in values])
def test_impossible_value(tmp_path: Path, key: str, value: object) -> None:
    """An impossible value is refused by a line that begins with its key and says what the key takes."""
    line = fault_of(written(tmp_path, key, value), without(key))
    assert line.startswith(f"configuration: {key}: got ")
    assert "; it takes " in line


@pytest.mark.parametrize(
    ("key", "value"), [(key, value) for key, values in WRONG.items() for value in values if value is not True]
)
def test_impossible_value_in_environment(tmp_path: Path, key: str, value: object) -> None:
    """The environment's values are held to the same rules."""
    section, name = key.split(".")
    (tmp_path / "config.yaml").touch()
    environ = {**environment(), f"OPAMP_PACKAGES_{section}__{name}".upper(): str(value)}
    assert fault_of(tmp_path / "config.yaml", environ).startswith(f"configuration: {key}: got ")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("value", [[1], {"a": 1}, 1.5, yaml.safe_load("2026-01-01")], ids=str)
def test_wrong_type(tmp_path: Path, key: str, value: object) -> None:
    """A list, a mapping, a fraction and a date are nothing that a key takes."""
    assert fault_of(written(tmp_path, key, value), without(key)).startswith(f"configuration: {key}: got ")


@pytest.mark.parametrize("key", [key for key in KEYS if key not in TRUTHS])
def test_truth_for_another_type(tmp_path: Path, key: str) -> None:
    """true is neither a number nor a text."""
    assert fault_of(written(tmp_path, key, True), without(key)).startswith(f"configuration: {key}: got ")


@pytest.mark.parametrize("key", ["server.port", "server.threads", "database.port", "minio.use_ssl"])
def test_quoted_value(tmp_path: Path, key: str) -> None:
    """A quoted number or truth in the file is a text, and refused as one."""
    value = "true" if key == "minio.use_ssl" else "8080"
    assert f"{key}: got" in fault_of(written(tmp_path, key, value))


@pytest.mark.parametrize("key", ["server.host", "database.user", "minio.bucket", "database.password"])
def test_control_characters(tmp_path: Path, key: str) -> None:
    """A line end at the end of a text, as a file read by a shell leaves it, is told and not used."""
    assert f"{key}: got a text with control characters" in fault_of(written(tmp_path, key, "text\n"))


def test_text_that_is_not_utf8(tmp_path: Path) -> None:
    """A variable with bytes that are no UTF-8 is refused."""
    (tmp_path / "config.yaml").touch()
    environ = environment(database={"password": os.fsdecode(b"caf\xe9")})
    assert "database.password: got a text that is not UTF-8" in fault_of(tmp_path / "config.yaml", environ)


@pytest.mark.parametrize("key", ["access_key", "secret_key"])
def test_missing_storage_keys(tmp_path: Path, key: str) -> None:
    """The backend minio needs its keys."""
    other = {"access_key", "secret_key"} - {key}
    environ = environment(storage={"backend": "minio"}, minio=dict.fromkeys(other, "k"))
    (tmp_path / "config.yaml").touch()
    assert f"minio.{key}: got nothing; it takes" in fault_of(tmp_path / "config.yaml", environ)


@pytest.mark.parametrize("delivery", ["redirect", "accel"])
def test_delivery_without_s3(tmp_path: Path, delivery: str) -> None:
    """A folder has no presigned addresses, for clients or for nginx."""
    line = fault_of(written(tmp_path, "packages.delivery", delivery))
    assert f"packages.delivery: got {delivery}; with storage.backend filesystem it takes stream" in line
