"""Validation of a package's fields: each is one marshmallow field, for forms, paths and filters alike."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate

from app.http.openapi.properties import VOCABULARY, vocabulary
from app.packages.models import CONTENT_TYPE_LENGTH, DESCRIPTION_LENGTH, FILE_NAME_LENGTH, NAME_LENGTH, VERSION_LENGTH
from app.packages.platforms import ARCHES, PLATFORMS, canonical_arch, canonical_platform

OCTET_STREAM = "application/octet-stream"
BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

_NAME = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_MEDIA_TYPE = re.compile(rf'{_NAME}/{_NAME}([ \t]*;[ \t]*{_NAME}=({_NAME}|"([^"\\\x00-\x1f\x7f]|\\[ -~])*"))*')
_DIGEST_MEMBER = re.compile(r"([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/]*={0,2}):")


VOCABULARIES = {
    "Platform": vocabulary(PLATFORMS, "GOOS names. Requests may also say os.type's, such as macos, in any case."),
    "Arch": vocabulary(ARCHES, "GOARCH names, or any. Requests may also say x86_64, aarch64 …, in any case."),
}
"""The components of the OpenAPI document that platforms and architectures refer to."""


class Text(fields.String):
    """Text that PostgreSQL can hold: no NUL, no lone surrogate."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
            raise ValidationError("Must not contain NUL or unpaired surrogate characters.")
        return text


class Canonical(Text):
    """A name out of a fixed vocabulary, in any case or alias."""

    def __init__(
        self, canonical: Callable[[str], str | None], known: frozenset[str], vocabulary: str, **kwargs: Any
    ) -> None:
        super().__init__(metadata={VOCABULARY: vocabulary}, **kwargs)
        self.canonical = canonical
        self.known = known

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        name = self.canonical(text)
        if name is None:
            raise ValidationError(f"Unknown; must be one of {', '.join(sorted(self.known))}.")
        return name


def name(**kwargs: Any) -> fields.Field[str]:
    """A package's name."""
    return Text(validate=_text(NAME_LENGTH, r"[A-Za-z0-9][A-Za-z0-9._+-]*"), **kwargs)


def version(**kwargs: Any) -> fields.Field[str]:
    """A package's version."""
    return Text(validate=_text(VERSION_LENGTH, r"[A-Za-z0-9][A-Za-z0-9._+~-]*"), **kwargs)


def platform(**kwargs: Any) -> fields.Field[str]:
    """An operating system: OpenTelemetry's os.type or a GOOS."""
    return Canonical(canonical_platform, PLATFORMS, "Platform", **kwargs)


def arch(**kwargs: Any) -> fields.Field[str]:
    """A processor architecture: OpenTelemetry's host.arch, a GOARCH, or `any`."""
    return Canonical(canonical_arch, ARCHES, "Arch", **kwargs)


def description(**kwargs: Any) -> fields.Field[str]:
    """Free text."""
    return Text(validate=validate.Length(max=DESCRIPTION_LENGTH), **kwargs)


def checksum(**kwargs: Any) -> fields.Field[str]:
    """A SHA-256 in hex, either case."""
    error = "Must be a SHA-256: 64 hexadecimal digits."
    return Text(validate=validate.Regexp(r"[0-9A-Fa-f]{64}\Z", error=error), **kwargs)


def _text(longest: int, pattern: str) -> list[Callable[[str], Any]]:
    error = f"Must match {pattern}."
    return [validate.Length(min=1, max=longest), validate.Regexp(rf"{pattern}\Z", error=error)]


def file_name(sent: str) -> str:
    """The part of a sent file name after its last slash or backslash, otherwise exactly as sent.

    Raises ValidationError.
    """
    kept = re.split(r"[/\\]", sent)[-1]
    if not 1 <= len(kept) <= FILE_NAME_LENGTH or kept in (".", ".."):
        raise ValidationError(f"Must be a file name of 1 to {FILE_NAME_LENGTH} characters.")
    if any(_is_control(character) for character in kept):
        raise ValidationError("The file name must not contain control or bidirectional characters.")
    return kept


def _is_control(character: str) -> bool:
    code = ord(character)
    return code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code <= 0xDFFF or character in BIDI_CONTROLS


def content_type(sent: str | None) -> str:
    """`sent` if it is a media type (RFC 9110, 8.3.1) that fits, else application/octet-stream."""
    if sent and len(sent) <= CONTENT_TYPE_LENGTH and _MEDIA_TYPE.fullmatch(sent):
        return sent
    return OCTET_STREAM


def repr_digest(header: str) -> str | None:
    """The SHA-256 in hex out of a Repr-Digest header (RFC 9530, 3); None where it names other algorithms only.

    Raises ValidationError if the header is malformed.
    """
    digests: dict[str, str] = {}
    for member in header.split(","):
        match = _DIGEST_MEMBER.fullmatch(member.strip(" \t"))
        if match is None:
            raise ValidationError("Must look like sha-256=:BASE64: (RFC 9530).")
        digests[match[1]] = match[2]
    return _decoded(digests["sha-256"]) if "sha-256" in digests else None


def _decoded(encoded: str) -> str:
    try:
        digest = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise ValidationError("The sha-256 value is not valid Base64.") from error
    if len(digest) != 32:
        raise ValidationError("The sha-256 value must be 32 bytes in Base64.")
    return digest.hex()
