"""Secrets: none is printed, and what everybody knows is none."""

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config import load
from tests.configuration import environment
from tests.unit.config.starting import SECRET, fault_of, without, written

SECRETS = ["database.password", "database.url", "jwt.secret_key", "minio.access_key", "minio.secret_key"]


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
