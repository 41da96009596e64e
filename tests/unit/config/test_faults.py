"""Each key wrong in each way: the start ends with one line that names the key and holds no secret."""

import os
import string
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from app.config import ConfigError, load
from app.config.load import SECTIONS
from tests.configuration import environment

SECRET = "Secret-Of-The-User-That-Is-Never-Printed"
KEYS = [f"{section}.{key}" for section, model in SECTIONS.items() for key in model.model_fields]
SECRETS = ["database.password", "database.url", "jwt.secret_key", "minio.access_key", "minio.secret_key"]
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


def fault_of(path: Path, environ: dict[str, str] | None = None) -> str:
    """The one line that the start would end with."""
    with pytest.raises(ConfigError) as fault:
        load(path, environ if environ is not None else environment())
    line = str(fault.value)
    assert line.isprintable(), "one line"
    return line


def written(folder: Path, key: str, value: object) -> Path:
    """A file that sets one key."""
    section, name = key.split(".")
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump({section: {name: value}}))
    return path


def without(key: str) -> dict[str, str]:
    """The minimum of the environment, without the key in question."""
    name = f"OPAMP_PACKAGES_{key.replace('.', '__')}".upper()
    return {variable: value for variable, value in environment().items() if variable != name}


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


@pytest.mark.parametrize("key", SECRETS)
@pytest.mark.parametrize("value", [SECRET + "\n", [SECRET], {SECRET: 1}, f"{SECRET}://{SECRET}@{SECRET}?a={SECRET}\0"])
def test_secret_is_not_printed(tmp_path: Path, key: str, value: object) -> None:
    """A secret that is refused does not stand in the line."""
    assert SECRET not in fault_of(written(tmp_path, key, value), without(key))


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://user:{SECRET}@host/db",
        f"postgresql://user:{SECRET}@host:99999/db",
        f"postgresql://user:a@b {SECRET}@host:99999/db",
        f"postgresql://user:a?b{SECRET}@host:99999/db",
        f"postgresql://host:99999/db?password={SECRET}",
        f"postgresql://host:99999/db?sslpassword={SECRET}&passfile=/x",
        f"host=h password={SECRET}",
        SECRET,
    ],
)
def test_password_in_url_is_not_printed(tmp_path: Path, url: str) -> None:
    """Whatever is wrong with a URL, its password is not shown."""
    assert SECRET not in fault_of(written(tmp_path, "database.url", url))


@pytest.mark.parametrize(
    "text",
    [
        f"jwt: {{secret_key: *{SECRET}}}",
        f"jwt: {{secret_key: '{SECRET}}}",
        f"jwt: {{secret_key: !{SECRET} x}}",
        f"jwt:\n  secret_key: %{SECRET}",
        f"jwt: {SECRET}",
        f"jwt: {{secretkey: {SECRET}}}",
        f"jwt: {{secret_key: a, secret_key: {SECRET}}}",
        f"{{jwt: {{secret_key: {SECRET}}}",
    ],
)
def test_broken_file_shows_no_secret(tmp_path: Path, text: str) -> None:
    """A file that is broken at a secret is refused without quoting it."""
    path = tmp_path / "config.yaml"
    path.write_text(text)
    assert SECRET not in fault_of(path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"a: [", "not valid YAML at line 1"),
        (b"\x00", "not valid YAML"),
        (b"server: caf\xe9", "not UTF-8"),
        (b"- server", "got a list"),
        (b"text", "got a single value"),
        (b"server: 5", "section 'server' got a single value"),
        (b"server: [port]", "section 'server' got a list"),
        (b"server: {port: 1, port: 2}", "'port' stands twice"),
        (b"server: {}\nserver: {}", "'server' stands twice"),
        (b"a: 1\n---\nb: 1", "not valid YAML"),
        (b"a: 2026-13-45", "not valid YAML"),
        (b"a: " + b"9" * 5000, "not valid YAML"),
        (b"[" * 5000, "not valid YAML"),
        (b"? [a]\n: b", "not valid YAML"),
        (b"a: !!python/object:os.system {}", "not valid YAML"),
    ],
)
def test_broken_file(tmp_path: Path, content: bytes, told: str) -> None:
    """A file that is no YAML, or not sections of keys, is refused by its name and the fault."""
    path = tmp_path / "config.yaml"
    path.write_bytes(content)
    line = fault_of(path)
    assert told in line
    assert str(path) in line


def test_named_file_is_absent(tmp_path: Path) -> None:
    """A file that is named has to be there."""
    environ = {**environment(), "OPAMP_PACKAGES_CONFIG": str(tmp_path / "absent.yaml")}
    with pytest.raises(ConfigError, match=r"absent\.yaml: cannot be read: No such file"):
        load(environ=environ)


def test_file_is_a_folder(tmp_path: Path) -> None:
    """A folder is no file."""
    assert "Is a directory" in fault_of(tmp_path)


def test_unknown_key(tmp_path: Path) -> None:
    """A key that does not exist is refused, with the one that was probably meant."""
    assert "unknown key server.prot; did you mean port?" in fault_of(written(tmp_path, "server.prot", 1))


def test_unknown_section(tmp_path: Path) -> None:
    """A section that does not exist is refused."""
    assert "unknown section sever; did you mean server?" in fault_of(written(tmp_path, "sever.port", 1))


@pytest.mark.parametrize("key", [1, True, None])
def test_key_that_is_no_text(tmp_path: Path, key: object) -> None:
    """YAML's other types are no names of sections."""
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump({key: {"a": 1}}))
    assert f"unknown section {key}" in fault_of(path)


@pytest.mark.parametrize(
    "name",
    ["OPAMP_PACKAGES_", "OPAMP_PACKAGES_SERVER__PROT", "OPAMP_PACKAGES_SERVER_PORT", "OPAMP_PACKAGES_server__port"],
)
def test_unknown_variable(tmp_path: Path, name: str) -> None:
    """A variable of ours that sets nothing is refused, and its value not shown."""
    (tmp_path / "config.yaml").touch()
    line = fault_of(tmp_path / "config.yaml", {**environment(), name: SECRET})
    assert f"unknown variable {name}" in line
    assert SECRET not in line


@pytest.mark.parametrize(
    "secret",
    [
        "your-secret-key-change-in-production",
        "your-super-secret-jwt-key-for-everyone",
        "changeme-changeme-changeme-changeme-changeme",
        "change-this-to-a-long-random-string-please",
        "a-string-secret-at-least-256-bits-long",
        "<put a long random text in here, please>",
    ],
)
def test_published_secret(tmp_path: Path, secret: str) -> None:
    """A value from a README or a sample is refused, and the line says how to make one."""
    line = fault_of(written(tmp_path, "jwt.secret_key", secret), without("jwt.secret_key"))
    assert "jwt.secret_key: got a published sample value" in line
    assert "secrets.token_urlsafe(48)" in line


@given(st.text(string.ascii_letters + string.digits + "-_", min_size=43, max_size=64))
def test_random_secret(secret: str) -> None:
    """A random key is taken, whatever it happens to spell."""
    environ = {**environment(), "OPAMP_PACKAGES_JWT__SECRET_KEY": secret}
    assert load(Path("/dev/null"), environ).jwt.secret_key.get_secret_value() == secret


def test_missing_secrets(tmp_path: Path) -> None:
    """Without its secrets the service does not start; it names them all at once."""
    (tmp_path / "config.yaml").touch()
    line = fault_of(tmp_path / "config.yaml", {})
    assert "jwt.secret_key: got nothing; it takes" in line


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
