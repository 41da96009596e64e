"""A service and what lies beneath its guards."""

import contextlib
from dataclasses import dataclass

from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.accounts.roles import Role
from app.objects.identity import IDENTITY
from app.objects.identity_row import IdentityRow
from app.storage.interface import Storage
from app.wiring import EXTENSION, Services

PATH = "/api/v1/packages/agent/{}/linux/amd64/agent"


@dataclass
class Side:
    """An application, and what lies beneath its guards."""

    app: Flask
    client: FlaskClient

    @property
    def parts(self) -> Services:
        parts: Services = self.app.extensions[EXTENSION]
        return parts

    @property
    def storage(self) -> Storage:
        """The backend itself."""
        storage: Storage = self.parts.storage.beneath.beneath  # type: ignore[attr-defined]
        return storage

    def keys(self) -> set[str]:
        """All that the storage has."""
        return {each.key for page in self.storage.pages() for each in page}

    def stored(self) -> bytes:
        """The storage's identity."""
        with contextlib.closing(self.storage.open(IDENTITY, expected=self.storage.stat(IDENTITY))) as reader:
            return reader.read()

    def row(self) -> str | None:
        """The database's."""
        return IdentityRow(self.parts.database).identity()

    def publish(self, version: str = "1.0.0") -> str:
        """Upload a package; its object's key."""
        response = self.client.put(PATH.format(version), data=b"bytes of " + version.encode())
        assert response.status_code == 201, response.text
        return str(response.json["storage_path"]).partition("/")[2]

    def command(self, *arguments: str) -> Result:
        """Run `flask storage …` in a process that has compared nothing yet."""
        self.parts.identity._found = None
        return self.app.test_cli_runner().invoke(args=["storage", *arguments])

    def sql(self, statement: str) -> None:
        """Change the database behind the service's back."""
        with self.parts.database.writing() as connection:
            connection.execute(text(statement))

    def status(self, version: str = "1.0.0") -> int:
        """How a download ends."""
        with self.client.get(PATH.format(version)) as response:
            return response.status_code


def side_of(app: Flask) -> Side:
    """A side with an admin's client."""
    parts: Services = app.extensions[EXTENSION]
    client = app.test_client()
    with app.app_context():
        token = parts.accounts.create_token("tests", Role.labelled("admin"), created_by="tests").token
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return Side(app, client)


def lose(side: Side, *keys: str) -> None:
    """Remove objects behind the service's back."""
    for key in keys:
        side.storage.delete(key)
