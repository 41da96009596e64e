"""What the configuration makes of what it got."""

from itertools import pairwise
from pathlib import Path

import psycopg2.extensions
import pytest
import yaml
from sqlalchemy import create_engine

from app.config import Config, load
from app.config.cores import usable_cores
from app.config.load import SECTIONS
from app.config.sections import PROJECT
from tests.configuration import configuration, environment

EVERYWHERE = "0.0.0.0"  # noqa: S104 - what is tested
EXAMPLE = PROJECT / "config.yaml.example"


def connect_arguments(config: Config) -> dict[str, object]:
    """What psycopg2 is called with."""
    dialect = create_engine(config.database.sqlalchemy_url).dialect
    assert dialect.driver == "psycopg2"
    arguments, named = dialect.create_connect_args(create_engine(config.database.sqlalchemy_url).url)
    return {**dict(enumerate(arguments)), **named}


def test_keys_make_a_url() -> None:
    """Host, port, user, password and dbname arrive at psycopg2 as they are, special characters too."""
    keys = {"host": "db.example", "port": 6000, "user": "o p", "password": "a@b:c/d?e%f g", "dbname": "n/m"}
    assert connect_arguments(configuration(database=keys)) == {
        "host": "db.example",
        "port": "6000",
        "user": "o p",
        "password": "a@b:c/d?e%f g",
        "dbname": "n/m",
        "sslmode": "prefer",
    }


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_url_wins(scheme: str) -> None:
    """database.url wins over the keys, under both names of the scheme."""
    url = f"{scheme}://u:p%40q@h.example:7000/d"
    arguments = connect_arguments(configuration(database={"url": url, "host": "other", "password": "other"}))
    wanted = {"host": "h.example", "port": "7000", "user": "u", "password": "p@q", "dbname": "d"}
    assert arguments == {**wanted, "sslmode": "prefer"}


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u@/d?host=/var/run/pg",
        "postgresql://u@%2Fvar%2Frun%2Fpg/d",
        "postgres:///d?host=/var/run/pg&user=u",
    ],
)
def test_url_of_a_socket(url: str) -> None:
    """database.url may name a socket's folder."""
    arguments = connect_arguments(configuration(database={"url": url}))
    assert (arguments["host"], arguments["user"], arguments["dbname"]) == ("/var/run/pg", "u", "d")


def test_several_hosts() -> None:
    """database.url may name several hosts, as libpq takes them."""
    url = "postgresql://u@a:1,b:2/d?target_session_attrs=read-write"
    arguments = connect_arguments(configuration(database={"url": url}))
    assert (arguments["host"], arguments["port"]) == ("a,b", "1,2")
    assert arguments["target_session_attrs"] == "read-write"


def test_sslmode() -> None:
    """database.sslmode holds for a url that has none of its own."""
    own = configuration(database={"url": "postgres://h/d?sslmode=require", "sslmode": "disable"})
    none = configuration(database={"url": "postgres://h/d", "sslmode": "disable"})
    assert connect_arguments(own)["sslmode"] == "require"
    assert connect_arguments(none)["sslmode"] == "disable"


def test_libpq_takes_the_result() -> None:
    """libpq knows every argument that comes out."""
    arguments = connect_arguments(configuration(database={"url": "postgres://u@h:1/d?connect_timeout=3"}))
    assert psycopg2.extensions.make_dsn(**arguments)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:81"),
        ("packages.example", "http://packages.example:81"),
        ("::1", "http://[::1]:81"),
        ("[::1]", "http://[::1]:81"),
        (EVERYWHERE, "http://localhost:81"),
        ("::", "http://localhost:81"),
    ],
)
def test_public_url_of_host(host: str, url: str) -> None:
    """Without a public_url links begin with the address that is listened on, or localhost for all of them."""
    assert configuration(server={"host": host, "port": 81}).server.public_url == url


@pytest.mark.parametrize(
    "url", ["https://h.example", "http://h:8443/some/prefix", "http://[::1]:80", "http://10.0.0.1"]
)
def test_public_url(url: str) -> None:
    """A public_url is taken as it is."""
    assert configuration(server={"public_url": url}).server.public_url == url


def test_warning_of_wildcard() -> None:
    """Listening everywhere without a public_url is warned about, and only that."""
    assert "public_url" in configuration(server={"host": EVERYWHERE}).warnings()[0]
    assert configuration(server={"host": EVERYWHERE, "public_url": "https://h.example"}).warnings() == []
    assert configuration().warnings() == []


@pytest.mark.parametrize(
    ("endpoint", "warned"),
    [
        ("packages.example.com:9000", True),
        ("s3.packages.example.com", True),
        ("s3.example.com", False),
        ("otherpackages.example.com", False),
    ],
)
def test_warning_of_shared_host(endpoint: str, warned: bool) -> None:
    """An S3 to which clients would send their token along is warned about."""
    config = configuration(
        server={"public_url": "https://packages.example.com"},
        storage={"backend": "minio"},
        minio={"access_key": "a", "secret_key": "b", "public_endpoint": endpoint},
        packages={"delivery": "redirect"},
    )
    assert bool(config.warnings()) is warned


def membership(folder: Path, line: str) -> Path:
    """A /proc/self/cgroup with this line."""
    path = folder / "membership"
    path.write_text(line + "\n")
    return path


@pytest.mark.parametrize(("quota", "cores"), [("100000 100000", 1), ("50000 100000", 1), ("max 100000", None)])
def test_cores_by_cgroup_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str, cores: int | None) -> None:
    """A cgroup's quota bounds the workers, at one at least; `max` does not."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)))
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "cpu.max").write_text(quota)
    assert usable_cores(tmp_path, membership(tmp_path, "0::/a/b")) == (cores or 8)


def test_cores_by_cgroup_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first version's quota counts too, rounded down."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)))
    folder = tmp_path / "cpu,cpuacct" / "a"
    folder.mkdir(parents=True)
    (folder / "cpu.cfs_quota_us").write_text("250000\n")
    (folder / "cpu.cfs_period_us").write_text("100000\n")
    (folder.parent / "cpu.cfs_quota_us").write_text("-1\n")
    assert usable_cores(tmp_path, membership(tmp_path, "4:cpu,cpuacct:/a")) == 2


def test_cores_inside_a_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the path is the host's, the root of the mount is the container's own."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)))
    (tmp_path / "cpu.max").write_text("300000 100000")
    assert usable_cores(tmp_path, membership(tmp_path, "0::/kubepods/pod1")) == 3


def test_workers_of_a_large_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than 8 by default."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(64)))
    assert usable_cores(tmp_path, tmp_path / "absent") == 8


def test_cores_by_affinity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without cgroups the scheduler's affinity decides."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {3})
    assert usable_cores(tmp_path, tmp_path / "absent") == 1


def test_example_has_every_key() -> None:
    """config.yaml.example shows each key of the configuration, and no other."""
    shown = {section: set(keys) for section, keys in yaml.safe_load(EXAMPLE.read_text()).items()}
    assert shown == {section: set(model.model_fields) for section, model in SECTIONS.items()}


def test_example_shows_the_defaults() -> None:
    """The values of config.yaml.example are the defaults: copying it changes nothing."""
    environ = environment(minio={"access_key": "a", "secret_key": "b"}, storage={"backend": "minio"})
    from_example = {**environ, "OPAMP_PACKAGES_CONFIG": str(EXAMPLE)}
    without_file = {**environ, "OPAMP_PACKAGES_CONFIG": str(PROJECT / "tests" / "empty.yaml")}
    assert load(environ=from_example) == load(environ=without_file)


def test_example_comments_each_key() -> None:
    """A comment stands above every key or the group it begins."""
    lines = EXAMPLE.read_text().splitlines()
    undocumented = {"port", "user", "access_key", "secret_key", "dbname", "host"}
    bare = [
        line.split(":")[0].strip()
        for before, line in pairwise(lines)
        if line.startswith("  ") and not line.strip().startswith("#") and not before.strip().startswith("#")
    ]
    assert set(bare) <= undocumented


def test_example_holds_no_secret() -> None:
    """No secret of the example is set: it cannot start a service that others can enter."""
    example = yaml.safe_load(EXAMPLE.read_text())
    secrets = [example["jwt"]["secret_key"], example["minio"]["secret_key"], example["minio"]["access_key"]]
    assert secrets == [None] * 3
