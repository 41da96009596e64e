"""JSON as signature files have it, read so that no other reader sees anything else in it."""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any, NoReturn


class Malformed(ValueError):
    """Bytes that are not the file that they begin to be; the message says what is wrong."""


def loads(text: bytes | str) -> Any:
    """The value. Raises Malformed; for a repeated name, NaN, and half a surrogate pair, too."""
    try:
        decoded = text if isinstance(text, str) else text.decode("utf-8")
        value = json.loads(decoded, object_pairs_hook=_unrepeated, parse_constant=_refuse_constant)
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except Malformed:
        raise
    except (ValueError, RecursionError) as error:
        raise Malformed("It is not JSON in UTF-8, or is nested too deep.") from error
    return value


def member(value: Any, *path: str | int, kind: type | None = None) -> Any:
    """What is at `path`, None where there is nothing. Raises Malformed if it is there and is not of `kind`."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and len(value) > step else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    if value is not None and kind is not None and not isinstance(value, kind):
        raise Malformed(f"{'.'.join(map(str, path))} is not what it should be.")
    return value


def decoded(value: Any, what: str) -> bytes:
    """Base64 (RFC 4648, 4) as bytes, one at least. Raises Malformed."""
    if not isinstance(value, str) or not value:
        raise Malformed(f"{what} is missing.")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed(f"{what} is not valid Base64.") from error


def told(value: str | None) -> str | None:
    """Text out of a signature that is kept and shown. Raises Malformed for what a database or a terminal can't take."""
    if value is not None and (len(value) > 2048 or any(ord(character) < 0x20 for character in value)):
        raise Malformed("It names something that is too long, or has control characters.")
    return value


def _unrepeated(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise Malformed("A name is there twice in one object.")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise Malformed(f"{name} is not JSON.")
