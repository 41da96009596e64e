"""Vendored files: scripts, fonts and icons of others are what their packages hold, and come with their licences."""

import tomllib
from hashlib import sha256
from typing import Any

import pytest

from app.config.sections import PROJECT

STATIC = PROJECT / "app/console/static"
FILES: list[dict[str, Any]] = tomllib.loads((STATIC / "vendor/MANIFEST.toml").read_text())["file"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file["name"])
def test_unmodified(file: dict[str, Any]) -> None:
    """A file has the bytes that the manifest tells."""
    assert sha256((PROJECT / file["path"]).read_bytes()).hexdigest() == file["sha256"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file["name"])
def test_licensed(file: dict[str, Any]) -> None:
    """Its licence's text lies beside it, and NOTICE names it with its version and licence."""
    assert (PROJECT / file["licence_text"]).stat().st_size > 200
    told = f"({file['name']} {file['version']})"
    assert [line for line in (PROJECT / "NOTICE").read_text().splitlines() if told in line and file["licence"] in line]


def test_all_are_listed() -> None:
    """No file of others is left out of the manifest."""
    scripts = [*STATIC.glob("vendor/*.js"), *PROJECT.glob("tests/vendor/*.js")]
    vendored = [*scripts, *STATIC.glob("fonts/*"), STATIC / "icons.svg"]
    assert {str(path.relative_to(PROJECT)) for path in vendored} == {file["path"] for file in FILES}
