"""Where the configuration comes from, and which place wins."""

from pathlib import Path

import pytest

from app.config import Config, ConfigError, load
from app.config.sections import PROJECT
from tests.configuration import environment

DEFAULTS = {
    "server.host": "127.0.0.1",
    "server.port": 8080,
    "server.public_url": "http://127.0.0.1:8080",
    "server.trusted_proxies": 0,
    "server.threads": 16,
    "server.body_threads": 32,
    "server.max_connections": 4000,
    "server.graceful_timeout": 60,
    "database.host": "localhost",
    "database.port": 5432,
    "database.user": "opamp",
    "database.dbname": "opamp_platform",
    "database.sslmode": "prefer",
    "database.pool_size": 5,
    "jwt.duration": 24 * 3600,
    "storage.root": PROJECT / "data" / "objects",
    "minio.endpoint": "localhost:9000",
    "minio.bucket": "opamp-packages",
    "minio.use_ssl": False,
    "minio.region": "",
    "minio.public_endpoint": "",
    "minio.upload_memory": 24 * 2**20,
    "packages.max_size": 5 * 2**30,
    "packages.upload_timeout": 3600,
    "packages.upload_expiry": 86400,
    "packages.delivery": "stream",
    "agents.polling_interval": 30,
    "agents.retention": 30 * 86400,
}


def load_file(folder: Path, text: str, **sections: dict[str, object]) -> Config:
    """The configuration of a file with this text, and of `sections` in the environment."""
    path = folder / "config.yaml"
    path.write_text(text)
    return load(path, environment(**sections))


@pytest.mark.parametrize(("key", "value"), DEFAULTS.items())
def test_default(tmp_path: Path, key: str, value: object) -> None:
    """A key that nobody sets has the contract's default."""
    section, name = key.split(".")
    assert getattr(getattr(load_file(tmp_path, ""), section), name) == value


def test_backend_is_minio(tmp_path: Path) -> None:
    """The backend is an S3 unless told otherwise."""
    environ = {
        "OPAMP_PACKAGES_JWT__SECRET_KEY": "k" * 32,
        "OPAMP_PACKAGES_MINIO__ACCESS_KEY": "a",
        "OPAMP_PACKAGES_MINIO__SECRET_KEY": "b",
        "OPAMP_PACKAGES_CONFIG": str(tmp_path / "config.yaml"),
    }
    (tmp_path / "config.yaml").touch()
    assert load(environ=environ).storage.backend == "minio"


def test_environment_over_file(tmp_path: Path) -> None:
    """The environment wins over the file, the file over the default, key by key."""
    config = load_file(tmp_path, "server: {port: 1000, threads: 3}", server={"port": 2000})
    assert (config.server.port, config.server.threads, config.server.trusted_proxies) == (2000, 3, 0)


def test_variable_names_file(tmp_path: Path) -> None:
    """OPAMP_PACKAGES_CONFIG names the file."""
    path = tmp_path / "named.yaml"
    path.write_text("server: {port: 1234}")
    assert load(environ={**environment(), "OPAMP_PACKAGES_CONFIG": str(path)}).server.port == 1234


def test_other_parts_sections(tmp_path: Path) -> None:
    """Sections of other parts of the platform may stand in the file, whatever is in them."""
    text = "opamp: {endpoint: x}\nredis: [1, 2]\nlogging: debug\nserver:\n"
    assert load_file(tmp_path, text).server.port == 8080


@pytest.mark.parametrize(
    ("text", "bytes_"),
    [("0x10", 16), ("1", 1), ("7B", 7), ("2KiB", 2048), ("3 MiB", 3 << 20), ("4GiB", 4 << 30), ("1TiB", 1 << 40)],
)
def test_sizes(tmp_path: Path, text: str, bytes_: int) -> None:
    """A size is an integer or has a unit."""
    assert load_file(tmp_path, f"packages: {{max_size: {text}}}").packages.max_size == bytes_


@pytest.mark.parametrize(("text", "seconds"), [("1", 1), ("90s", 90), ("15m", 900), ("2h", 7200), ("10d", 864000)])
def test_durations(text: str, seconds: int) -> None:
    """A duration is an integer or has a unit, in the environment too."""
    config = load(Path("/dev/null"), environment(jwt={"duration": text}))
    assert config.jwt.duration == seconds


@pytest.mark.parametrize(("text", "truth"), [("true", True), ("1", True), ("FALSE", False), ("off", False)])
def test_truths_in_environment(tmp_path: Path, text: str, truth: bool) -> None:
    """The environment spells true and false in the usual ways."""
    assert load_file(tmp_path, "", minio={"use_ssl": text}).minio.use_ssl is truth


def test_digits_stay_text(tmp_path: Path) -> None:
    """A password of digits is a text in the environment."""
    config = load_file(tmp_path, "", database={"password": "0123"})
    assert config.database.password.get_secret_value() == "0123"


def test_relative_root(tmp_path: Path) -> None:
    """A relative storage.root begins at the folder of wsgi.py, wherever the process was started."""
    assert load_file(tmp_path, "storage: {root: objects}").storage.root == PROJECT / "objects"


def test_frozen(tmp_path: Path) -> None:
    """What was read cannot be changed."""
    with pytest.raises(ValueError, match="frozen"):
        load_file(tmp_path, "").server.port = 1  # type: ignore[misc]


def test_repr_hides_secrets(tmp_path: Path) -> None:
    """Neither repr nor str of the configuration shows a secret."""
    hidden = "hidden-from-everyone-who-looks-at-it"
    url = f"postgresql://u:{hidden}@h/d"
    config = load_file(
        tmp_path,
        "",
        jwt={"secret_key": hidden},
        database={"password": hidden, "url": url},
        minio={"access_key": hidden, "secret_key": hidden},
    )
    assert hidden not in repr(config) + str(config) + str(config.model_dump())


def test_all_faults_on_one_line(tmp_path: Path) -> None:
    """Several faults stand in one line, none of them lost."""
    with pytest.raises(ConfigError) as fault:
        load_file(tmp_path, "server: {port: 0, threads: 0}\nnoise: {}\n")
    line = str(fault.value)
    assert all(name in line for name in ("server.port", "server.threads", "noise"))
    assert "\n" not in line
