"""Real PostgreSQL, MinIO and VersityGW, each started once per test run on a free port of 127.0.0.1."""

import faulthandler
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from dev.parts import go_tools, postgres, s3
from tests import databases
from tests.faults.site import Site, installed

# Hypothesis' own limit of 200 ms for an example fails by chance on a busy machine.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")


@pytest.fixture(scope="session")
def services_folder() -> Iterator[Path]:
    """A folder that PostgreSQL's account may enter, on the disk and not in memory."""
    folder = Path(tempfile.mkdtemp(prefix="opamp-tests-", dir=os.environ.get("OPAMP_TEST_FOLDER")))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server(services_folder: Path) -> Iterator[postgres.Postgres]:
    """A running PostgreSQL; durability is off, since the tests' data goes with it."""
    settings = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
    with postgres.running(services_folder / "postgres", settings=settings) as server:
        yield server


def build_in_sight(name: str, config: pytest.Config) -> None:
    """Build a server if there is none, with pytest's capture off: it takes minutes and says how far it is."""
    capture = config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        go_tools.built(name)


@pytest.fixture(scope="session")
def minio_server(services_folder: Path, pytestconfig: pytest.Config) -> Iterator[s3.S3]:
    """A running MinIO."""
    build_in_sight("minio", pytestconfig)
    with s3.minio(services_folder / "minio") as server:
        yield server


@pytest.fixture(scope="session")
def versitygw_server(services_folder: Path, pytestconfig: pytest.Config) -> Iterator[s3.S3]:
    """A running VersityGW."""
    build_in_sight("versitygw", pytestconfig)
    with s3.versitygw(services_folder / "versitygw") as server:
        yield server


@pytest.fixture(scope="session")
def database_template(postgres_server: postgres.Postgres) -> None:
    """The migrated database that others are copied from."""
    databases.make_template(postgres_server)


@pytest.fixture(scope="session")
def site(services_folder: Path, postgres_server: postgres.Postgres, database_template: None) -> Iterator[Site]:
    """The whole service as it runs in production, with proxies that can break what it stands on."""
    with installed(services_folder, postgres_server, "site_tests", packages={"max_size": "32MiB"}) as built:
        yield built


ENDING = pytest.StashKey[int]()
"""A descriptor of the standard error that nothing captures."""

LIMIT = 300.0
"""Seconds for a test's end: fixtures of the whole session stop their servers there."""


def pytest_configure(config: pytest.Config) -> None:
    """Called before tests' output is captured."""
    config.stash[ENDING] = os.dup(2)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Once a test has failed, neither pytest-timeout nor pytest's faulthandler limits what comes after it."""
    faulthandler.dump_traceback_later(LIMIT, file=item.config.stash[ENDING], exit=True)
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI nothing may be skipped: what is missing there is a fault of .ci/run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter and reporter.stats.get("skipped") and session.exitstatus == 0:
        reporter.write_line("CI=true, and tests were skipped: that counts as a failure.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
