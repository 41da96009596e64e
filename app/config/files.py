"""Reads config.yaml into plain sections of plain keys."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from app.config.faults import ConfigError


class _Loader(yaml.SafeLoader):
    """YAML that refuses a key given twice: the first of the two would be lost without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """A mapping, as SafeLoader makes it, of keys that differ."""
        names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode) and key.value != "<<"]
        repeated = next((name for name in names if names.count(name) > 1), None)
        if repeated is not None:
            raise ConfigError(f"the key {_name(repeated)} stands twice from line {node.start_mark.line + 1} on")
        return super().construct_mapping(node, deep)


def _name(key: object) -> str:
    """A key on one line, short."""
    return ascii(str(key))[:60]


FOREIGN_SECTIONS = ("opamp", "redis", "logging")
"""Sections of other parts of the platform, which may stand in the same file, whatever is in them."""


def read_file(path: Path) -> dict[str, dict[str, Any]]:
    """The sections of a configuration file that are ours; an empty section is an empty mapping.

    Raises ConfigError where it cannot be read, is not YAML, or is not made of sections of keys.
    """
    try:
        return _sections(_parsed(path))
    except ConfigError as fault:
        raise ConfigError(f"{path}: {fault}") from None


def _parsed(path: Path) -> object:
    try:
        return yaml.load(path.read_text("utf-8-sig"), _Loader)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"is not UTF-8 (byte {error.start})") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"is not valid YAML{_place(error)}") from None
    except (ValueError, RecursionError):
        raise ConfigError("is not valid YAML: a date or number that cannot be, or too many levels") from None


def _place(error: yaml.YAMLError) -> str:
    """Where the fault is. PyYAML's own words quote the line, which may hold a secret."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return ""
    return f" at line {mark.line + 1}, column {mark.column + 1}; texts with special characters need quotes"


def _sections(parsed: object) -> dict[str, dict[str, Any]]:
    if parsed is None:
        return {}
    if not isinstance(parsed, dict):
        raise ConfigError(f"got {_kind(parsed)}; it takes sections of keys ('server:', below it '  port: 8080')")
    return {str(name): _keys(name, keys) for name, keys in parsed.items() if name not in FOREIGN_SECTIONS}


def _keys(section: object, keys: object) -> dict[str, Any]:
    if keys is None:
        return {}
    if not isinstance(keys, dict):
        raise ConfigError(f"the section {_name(section)} got {_kind(keys)}; it takes keys with values")
    return {str(key): value for key, value in keys.items()}


def _kind(value: object) -> str:
    return "a list" if isinstance(value, list) else f"a single value ({type(value).__name__})"
