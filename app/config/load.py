"""Read the configuration: defaults, then config.yaml, then the environment."""

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from app.config.faults import ConfigError, lines_of
from app.config.files import read_file
from app.config.sections import PROJECT, Config

PREFIX = "OPAMP_PACKAGES_"
FILE_VARIABLE = "OPAMP_PACKAGES_CONFIG"
SECTIONS: dict[str, type[BaseModel]] = {
    name: field.annotation
    for name, field in Config.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
}
TRUTHS = {"true": True, "yes": True, "on": True, "1": True}
FALSEHOODS = {"false": False, "no": False, "off": False, "0": False}

Values = dict[str, dict[str, Any]]


def load(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Config:
    """The configuration from `path`, else from the file that the environment names, else from config.yaml.

    Raises ConfigError with every fault on one line.
    """
    in_file, in_environment = _file_values(path, environ), _environment_values(environ)
    faults = _unknown_keys(in_file)
    try:
        config = Config.layered(in_environment, in_file)
    except ValidationError as error:
        faults += lines_of(error, SECTIONS)
    else:
        faults += _contradictions(config)
    if faults:
        raise ConfigError("configuration: " + " | ".join(faults))
    return config


def _file_values(path: Path | None, environ: Mapping[str, str]) -> Values:
    named = path or (Path(environ[FILE_VARIABLE]) if environ.get(FILE_VARIABLE) else None)
    if named is None and not (PROJECT / "config.yaml").exists():
        return {}
    return read_file(named or PROJECT / "config.yaml")


def _unknown_keys(values: Values) -> list[str]:
    """One line for each section and key that does not exist; they are taken out of `values`."""
    faults = []
    for section in [name for name in values if name not in SECTIONS]:
        faults.append(f"unknown section {_named(section)}{_meant(section, SECTIONS)}")
        del values[section]
    for section, keys in values.items():
        known = SECTIONS[section].model_fields
        for key in [key for key in keys if key not in known]:
            faults.append(f"unknown key {_named(f'{section}.{key}')}{_meant(key, known)}")
            del keys[key]
    return faults


def _named(name: str) -> str:
    return ascii(name)[1:-1][:80]


def _meant(name: str, known: Mapping[str, object]) -> str:
    close = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {close[0]}?" if close else f"; it takes {', '.join(known)}"


def _environment_values(environ: Mapping[str, str]) -> Values:
    """The values of OPAMP_PACKAGES_SECTION__KEY, numbers and truths read from their texts."""
    values: Values = {}
    known = {
        f"{PREFIX}{section}__{key}".upper(): (section, key, field.annotation)
        for section, model in SECTIONS.items()
        for key, field in model.model_fields.items()
    }
    for name in sorted(name for name in environ if name.startswith(PREFIX) and name != FILE_VARIABLE):
        if name not in known:
            raise ConfigError(f"configuration: unknown variable {_named(name)}{_meant(name, known)}")
        section, key, kind = known[name]
        values.setdefault(section, {})[key] = _from_text(environ[name], kind)
    return values


def _from_text(text: str, kind: object) -> str | int | bool:
    if kind is int and re.fullmatch(r"-?[0-9]{1,18}", text):
        return int(text)
    if kind is bool:
        return (TRUTHS | FALSEHOODS).get(text.lower(), text)
    return text


def _contradictions(config: Config) -> list[str]:
    """Keys that are good by themselves and not together."""
    faults = []
    if config.storage.backend == "minio":
        faults += [
            f"minio.{key}: got nothing; it takes a text, the S3's, and is required with storage.backend minio"
            for key in ("access_key", "secret_key")
            if not getattr(config.minio, key).get_secret_value()
        ]
    elif config.packages.delivery != "stream":
        # A folder has no addresses of its own; the kernel sends its files to the sockets anyway.
        got = config.packages.delivery
        faults.append(f"packages.delivery: got {got}; with storage.backend filesystem it takes stream")
    return faults
