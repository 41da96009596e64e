"""Users with their tokens: here `admin`, `publisher` and `agent` are users, not clients as elsewhere."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.manager import AccountManager
from app.accounts.roles import Role
from app.http.services import get

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Account:
    """A user of the test's own, logged in."""

    id: int
    username: str
    token: str
    password: str = PASSWORD

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def login(self) -> dict[str, str]:
        return {"username": self.username, "password": self.password}


AddUser = Callable[..., Account]


def unique_name(start: str = "user") -> str:
    return f"{start}-{secrets.token_hex(6)}"


@pytest.fixture
def add_user(app: Flask) -> AddUser:
    """Makes a user of the role and logs them in."""

    def add(role: Role, username: str | None = None) -> Account:
        with app.app_context():
            accounts = get(AccountManager)
            user = accounts.create_user(username or unique_name(role.label), PASSWORD, role)
            login = accounts.login(user.username, PASSWORD, "test")
        return Account(user.id, user.username, login.token)

    return add


@pytest.fixture
def admin(add_user: AddUser) -> Account:
    return add_user(Role.ADMIN)


@pytest.fixture
def publisher(add_user: AddUser) -> Account:
    return add_user(Role.PUBLISHER)


@pytest.fixture
def agent(add_user: AddUser) -> Account:
    return add_user(Role.AGENT)


@pytest.fixture
def log_in(client: FlaskClient) -> Callable[..., object]:
    """Posts a login, from an address if one is given."""

    def post(username: object, password: object, address: str = "127.0.0.1") -> object:
        fields = {"username": username, "password": password}
        return client.post("/api/v1/auth/login", json=fields, environ_base={"REMOTE_ADDR": address})

    return post
