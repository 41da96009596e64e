"""A configuration with a fault, and the line that the start ends with."""

from pathlib import Path

import pytest
import yaml

from app.config import ConfigError, load
from tests.configuration import environment

SECRET = "Secret-Of-The-User-That-Is-Never-Printed"


def fault_of(path: Path, environ: dict[str, str] | None = None) -> str:
    """The one line that the start would end with."""
    with pytest.raises(ConfigError) as fault:
        load(path, environ if environ is not None else environment())
    line = str(fault.value)
    assert line.isprintable(), "one line"
    return line


def written(folder: Path, key: str, value: object) -> Path:
    """A file that sets one key."""
    section, name = key.split(".")
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump({section: {name: value}}))
    return path


def without(key: str) -> dict[str, str]:
    """The minimum of the environment, without the key in question."""
    name = f"OPAMP_PACKAGES_{key.replace('.', '__')}".upper()
    return {variable: value for variable, value in environment().items() if variable != name}
