"""Sizes and durations as people write them: '5GiB' and '24h' become bytes and seconds."""

import re
from typing import Annotated

from pydantic import BeforeValidator

from app.config.faults import printable_value, refused

BYTES = {"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def _amount(value: object, units: dict[str, int]) -> int:
    match = re.fullmatch(r"([0-9]{1,18}) ?([A-Za-z]*)", value) if isinstance(value, str) else None
    if match and match[2] in units:
        return int(match[1]) * units[match[2]]
    if type(value) is int:  # a bool is an int too, and no amount
        return value
    raise refused(printable_value(value))


def size_in_bytes(value: object) -> int:
    """Bytes of an integer or of a text like '512MiB'; powers of 1,024 only, as the units say."""
    return _amount(value, BYTES)


def duration_in_seconds(value: object) -> int:
    """Seconds of an integer or of a text like '90s', '15m', '24h', '30d'."""
    return _amount(value, SECONDS)


Size = Annotated[int, BeforeValidator(size_in_bytes)]
Duration = Annotated[int, BeforeValidator(duration_in_seconds)]
