"""Detached OpenPGP signatures (RFC 9580), armored or binary: whether they are some, and of which key."""

import base64
import binascii
import re
from collections.abc import Iterator

from app.trust.strict_json import Malformed

_ARMOR = re.compile(
    rb"\s*-----BEGIN PGP SIGNATURE-----[ \t]*\r?\n((?:[A-Za-z]+: [^\n]{0,200}\n)*)\r?\n?"
    rb"([A-Za-z0-9+/=\r\n \t]+?)(?:\r?\n=[A-Za-z0-9+/]{4})?\s*-----END PGP SIGNATURE-----\s*"
)
_SIGNATURE = 2
_VERSIONS = (3, 4, 5, 6)
_ISSUER, _FINGERPRINT = 16, 33


def looks_armored(content: bytes) -> bool:
    """Whether it begins as an armored signature does."""
    return content.lstrip()[:29] == b"-----BEGIN PGP SIGNATURE-----"


def looks_binary(content: bytes) -> bool:
    """Whether it is a series of signature packets from its first byte to its last."""
    try:
        return bool(list(_packets(content)))
    except Malformed:
        return False


def read_key_id(content: bytes) -> str | None:
    """The key's fingerprint or id in hex, None where the signature names none. Raises Malformed."""
    packets = list(_packets(_dearmored(content) if looks_armored(content) else content))
    return next((key for packet in packets if (key := _issuer(packet))), None)


def _dearmored(content: bytes) -> bytes:
    match = _ARMOR.fullmatch(content)
    if match is None:
        raise Malformed("Its ASCII armor is broken.")
    try:
        return base64.b64decode(b"".join(match[2].split()), validate=True)
    except binascii.Error as error:
        raise Malformed("Its ASCII armor is no valid Base64.") from error


def _packets(content: bytes) -> Iterator[bytes]:
    """The bodies of the signature packets that `content` is. Raises Malformed if it is anything else."""
    at = 0
    while at < len(content):
        tag, length, at = _header(content, at)
        body = content[at : at + length]
        if tag != _SIGNATURE or len(body) != length or length < 10 or body[0] not in _VERSIONS:
            raise Malformed("It is no OpenPGP signature.")
        yield body
        at += length


def _header(content: bytes, at: int) -> tuple[int, int, int]:
    """The packet's type, its body's length, and where that begins (RFC 9580, 4.2)."""
    first = content[at]
    if not first & 0x80:
        raise Malformed("It is no OpenPGP packet.")
    if first & 0x40:
        length, begin = _new_length(content, at + 1)
        return first & 0x3F, length, begin
    size = {0: 1, 1: 2, 2: 4}.get(first & 3)
    if size is None:
        raise Malformed("Its packet has no length.")
    return (first >> 2) & 0xF, int.from_bytes(content[at + 1 : at + 1 + size], "big"), at + 1 + size


def _new_length(content: bytes, at: int) -> tuple[int, int]:
    first = content[at] if at < len(content) else 0xFE
    if first < 192:
        return first, at + 1
    if first < 224 and at + 1 < len(content):
        return ((first - 192) << 8) + content[at + 1] + 192, at + 2
    if first == 255:
        return int.from_bytes(content[at + 1 : at + 5], "big"), at + 5
    raise Malformed("Its packet has no length.")


def _issuer(body: bytes) -> str | None:
    """The key that a version 4 or later signature names in its subpackets (RFC 9580, 5.2.3)."""
    if body[0] == 3:
        return body[7:15].hex().upper()
    width = 4 if body[0] == 6 else 2
    hashed = int.from_bytes(body[4 : 4 + width], "big")
    unhashed_at = 4 + width + hashed
    unhashed = int.from_bytes(body[unhashed_at : unhashed_at + width], "big")
    found = dict(_subpackets(body[4 + width : unhashed_at]))
    found |= dict(_subpackets(body[unhashed_at + width : unhashed_at + width + unhashed]))
    if _FINGERPRINT in found:
        return found[_FINGERPRINT][1:].hex().upper()
    return found[_ISSUER].hex().upper() if _ISSUER in found else None


def _subpackets(area: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(area):
        length, at = _new_length(area, at)
        if length == 0 or at + length > len(area):
            raise Malformed("Its subpackets are broken.")
        yield area[at] & 0x7F, area[at + 1 : at + length]
        at += length
