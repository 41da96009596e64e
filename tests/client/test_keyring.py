"""Tokens in the system's keyring, where the package `keyring` is there."""

import json
from pathlib import Path

import pytest

from tests.client.conftest import User, UserOf
from tests.faults.site import Site

WORKING = """
import json, os, pathlib

FILE = pathlib.Path(os.environ["HOME"], "of-the-keyring.json")

def _kept():
    return json.loads(FILE.read_text()) if FILE.exists() else {}

def get_password(service, name):
    return _kept().get(f"{service}/{name}")

def set_password(service, name, secret):
    FILE.write_text(json.dumps({**_kept(), f"{service}/{name}": secret}))

def delete_password(service, name):
    FILE.write_text(json.dumps({key: secret for key, secret in _kept().items() if key != f"{service}/{name}"}))
"""
BROKEN = "def get_password(*_): raise RuntimeError('no backend')\nset_password = delete_password = get_password\n"


@pytest.fixture
def user(user_of: UserOf) -> User:
    """Someone without a token."""
    return user_of("")


def with_keyring(user: User, source: str) -> dict[str, str]:
    """The environment in which Python finds this as `keyring`."""
    folder = user.folder / "lib"
    folder.mkdir()
    (folder / "keyring.py").write_text(source)
    return {"PYTHONPATH": str(folder)}


def credentials(user: User) -> Path:
    """The file that holds tokens where there is no keyring."""
    return user.home / ".config" / "opampkg" / "credentials.json"


def test_a_keyring_has_the_token(site: Site, user: User) -> None:
    """And no file; `logout` takes it out again."""
    environ = with_keyring(user, WORKING)
    user.run("login", "--token-stdin", given=site.tokens["agent"], **environ)
    kept = user.home / "of-the-keyring.json"
    assert json.loads(kept.read_text()) == {f"opampkg/default {site.service.url}": site.tokens["agent"]}
    assert not credentials(user).exists()
    assert user.run("whoami", "--json", **environ).document["role"] == "agent"
    user.run("logout", **environ)
    assert json.loads(kept.read_text()) == {}
    user.run("whoami", code=4, **environ)


def test_a_keyring_that_does_not_work(site: Site, user: User) -> None:
    """As on a server without a session: the file has the token."""
    environ = with_keyring(user, BROKEN)
    user.run("login", "--token-stdin", given=site.tokens["agent"], **environ)
    assert site.tokens["agent"] in credentials(user).read_text()
    assert user.run("whoami", "--json", **environ).document["role"] == "agent"
