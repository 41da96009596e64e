"""The service with its console, and the same application in this process, on one PostgreSQL and one folder."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.accounts.roles import Role
from app.wiring import Services, wired
from dev.parts.postgres import Postgres
from dev.parts.processes import free_port
from tests.configuration import configuration
from tests.databases import migrated
from tests.faults.proxy import Proxy, proxying
from tests.faults.service import Service

PASSWORD = "a password of the tests"
ROLES = ("agent", "publisher", "admin")
COOKIE = "opamp_console"


@dataclass(frozen=True)
class Console:
    """The running parts. There is a user for each role, of its name. `database` is what the service goes through."""

    service: Service
    direct_url: str
    database: Proxy
    app: Flask
    parts: Services

    @property
    def url(self) -> str:
        """Where the service answers."""
        return self.service.url

    def session(self, username: str) -> str:
        """The key of a new session of this user."""
        user = self.parts.accounts.store.credentials(username)
        assert user
        return self.parts.sessions.begin(user.id, user.token_series, address="127.0.0.1", browser="tests")

    def client(self, username: str | None = None) -> FlaskClient:
        """A client of the application in this process that acts as a page of its own, logged in as this user."""
        client = self.app.test_client()
        client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
        if username is not None:
            client.set_cookie(COOKIE, self.session(username), path="/ui")
        return client

    def user(self, name: str, role: Role) -> int:
        """A user of this name and role with the tests' password; returns the id."""
        return int(self.parts.accounts.create_user(name, PASSWORD, role).id)


@contextlib.contextmanager
def running_console(folder: Path, postgres: Postgres, name: str, **server: object) -> Iterator[Console]:
    """The service on a database of its own; stopped at the end. `server`: keys of that section."""
    with contextlib.ExitStack() as stack:
        direct_url = stack.enter_context(migrated(postgres, name))
        database = stack.enter_context(proxying(postgres.port))
        port = free_port()
        storage = {"backend": "filesystem", "root": str(folder / name)}
        server = {"port": port, "public_url": f"http://127.0.0.1:{port}", **server}
        through_proxy = f"postgresql://{postgres.superuser}@{database.address}/{name}"
        service = Service(folder, {"database": {"url": through_proxy}, "storage": storage, "server": server}, port=port)
        app = create_app(configuration(database={"url": direct_url}, storage=storage, server=server))
        parts = wired(app)
        stack.callback(parts.database.engine.dispose)
        console = Console(service, direct_url, database, app, parts)
        for label in ROLES:
            console.user(label, Role.labelled(label))
        stack.callback(service.kill)
        service.start(wait_for="/health/ready")
        stack.callback(service.stop)
        yield console
