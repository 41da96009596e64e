"""A configuration for tests: defaults, and what a test sets."""

from pathlib import Path
from typing import Any

from app.config import Config, load

SECRET_KEY = "a-key-of-the-tests-that-opens-nothing-else"


def environment(**sections: dict[str, Any]) -> dict[str, str]:
    """The sections as environment variables, above a working minimum on the folder backend."""
    minimum: dict[str, dict[str, Any]] = {
        "jwt": {"secret_key": SECRET_KEY},
        "storage": {"backend": "filesystem"},
    }
    for name, keys in sections.items():
        minimum.setdefault(name, {}).update(keys)
    return {
        f"OPAMP_PACKAGES_{name}__{key}".upper(): str(value)
        for name, keys in minimum.items()
        for key, value in keys.items()
    }


def configuration(**sections: dict[str, Any]) -> Config:
    """The configuration with these sections, whatever config.yaml lies about."""
    environ = {**environment(**sections), "OPAMP_PACKAGES_CONFIG": str(Path(__file__).with_name("empty.yaml"))}
    return load(environ=environ)
