"""One-line messages for faults in the configuration; secrets are left out."""

import json
import re
from typing import Any

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

SHOWN = 100
"""Characters of a wrong value that the line shows."""

SECRET_NAME = re.compile(r"secret|password|access_key|token", re.IGNORECASE)


class ConfigError(Exception):
    """The configuration cannot be used; str() is one line that names the key and holds no secret."""


def refused(got: str) -> PydanticCustomError:
    """For a validator: refuse a value, and say `got` of it instead of showing it."""
    return PydanticCustomError("refused", "{got}", {"got": got})


def printable_value(value: object) -> str:
    """A value on one line, cut short; YAML's and Python's oddities become plain JSON."""
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = json.dumps(value, default=str)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def without_credentials(url: str) -> str:
    """A URL as it may be printed: no user, no password, neither before the host nor in the query."""
    scheme = re.match(r"[a-z][a-z0-9+.-]*://", url, re.IGNORECASE)
    if not scheme:
        return "a value without a scheme"
    rest = url[scheme.end() :]
    if re.search(r"password|secret", rest, re.IGNORECASE) or rest.count("?") > 1:
        rest = rest.split("?", 1)[0] + "?…"
    return printable_value(scheme.group() + re.sub(r"^.*@", "…@", rest, flags=re.DOTALL))


def lines_of(error: ValidationError, sections: dict[str, Any]) -> list[str]:
    """One line for every fault that pydantic found, in the order of the keys."""
    return [_line(fault, sections) for fault in error.errors(include_url=False)]


def _line(fault: ErrorDetails, sections: dict[str, Any]) -> str:
    section, key = (*(str(part) for part in fault["loc"]), "")[:2]
    field = sections[section].model_fields.get(key) if section in sections else None
    if field is None:
        return f"{section}: {fault['msg']}" if section else str(fault["msg"])
    return f"{section}.{key}: got {_got(fault, key, field.annotation)}; it takes {field.description}"


def _got(fault: ErrorDetails, key: str, annotation: Any) -> str:
    if fault["type"] == "refused":
        return str(fault["msg"])
    if SECRET_NAME.search(key) or SecretStr in (annotation, *getattr(annotation, "__args__", ())):
        return f"{type(fault['input']).__name__} (not shown)"
    return printable_value(fault["input"])
