"""Part header of multipart/form-data (RFC 7578, 4): Content-Disposition with the field's and the file's name."""

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from app.errors import BadRequest, Invalid, UnsupportedMediaType
from app.http.content_headers import refuse_coding

_FOLD = re.compile(r"\r\n[ \t]+")
_TRANSPARENT = frozenset({"", "7bit", "8bit", "binary"})
_NAME = r"[\w!#$%&'*+.^`|~-]+"
# A backslash escapes a quote or a backslash, as some clients do; any other stands for itself, as in C:\dir\x.exe.
_QUOTED = r'"(?:[^"\\]|\\["\\]|\\(?!["\\]))*"'
_PARAMETER = re.compile(rf"[ \t]*;[ \t]*({_NAME})[ \t]*=[ \t]*({_NAME}|{_QUOTED})", re.ASCII)
_ESCAPED = re.compile(r'\\(["\\])')


@dataclass(frozen=True, slots=True)
class PartHeader:
    """What a part says of itself; `file_name` is None where it names none, `content_type` likewise."""

    name: str
    file_name: str | None
    content_type: str | None


def part_header(block: bytes) -> PartHeader:
    """Parse the header of a part.

    Raises BadRequest, UnsupportedMediaType for a coding, and Invalid for a name in another encoding than UTF-8.
    """
    # surrogateescape: a name that is not UTF-8 is refused under its own field, by `_utf8`.
    fields = _fields(_FOLD.sub(" ", block.decode("utf-8", "surrogateescape")))
    parameters = _parameters(fields.get("content-disposition", ""))
    if not parameters.get("name"):
        raise BadRequest("Each part of the form needs a Content-Disposition: form-data with a name.")
    refuse_coding(fields.get("content-encoding", ""))
    if fields.get("content-transfer-encoding", "").lower() not in _TRANSPARENT:
        raise UnsupportedMediaType("Send the parts of the form without a Content-Transfer-Encoding (RFC 7578, 4.7).")
    if "content-range" in fields:
        raise BadRequest("Send the whole file, without a Content-Range: nothing of it was stored.")
    name = _utf8(parameters["name"], "_schema")
    return PartHeader(name, _file_name(parameters, name), fields.get("content-type"))


def _fields(block: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in block.split("\r\n"):
        name, colon, value = line.partition(":")
        if not colon or name.lower() in fields:
            raise BadRequest("A line in the header of a part has no colon, or is repeated.")
        fields[name.lower()] = value.strip(" \t")
    return fields


def _parameters(disposition: str) -> dict[str, str]:
    """The parameters of a Content-Disposition of type form-data, each decoded from its quoted form."""
    kind, semicolon, _ = disposition.partition(";")
    place = len(kind)
    parameters: dict[str, str] = {}
    while match := _PARAMETER.match(disposition, place):
        place = match.end()
        if parameters.setdefault(match[1].lower(), _unquoted(match[2])) != _unquoted(match[2]):
            raise BadRequest("A parameter of a part's Content-Disposition is repeated.")
    if kind.strip().lower() != "form-data" or not semicolon or disposition[place:].strip(" \t;"):
        raise BadRequest("A part's Content-Disposition is malformed; it must be form-data with a quoted name.")
    return parameters


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    # Browsers write a quote as %22 (HTML, multipart/form-data encoding algorithm).
    return _ESCAPED.sub(r"\1", value[1:-1]).replace("%22", '"')


def _file_name(parameters: dict[str, str], field: str) -> str | None:
    """`filename`, or `filename*` in UTF-8 (RFC 8187), which some clients send though RFC 7578 forbids it."""
    extended = parameters.get("filename*")
    if extended is None:
        file_name = parameters.get("filename")
        return None if file_name is None else _utf8(file_name, field)
    charset, _, value = extended.partition("'")
    if charset.lower() != "utf-8":
        raise Invalid({field: ["The file name must be in UTF-8."]})
    return _utf8(unquote_to_bytes(value.partition("'")[2]).decode("utf-8", "surrogateescape"), field)


def _utf8(value: str, field: str) -> str:
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise Invalid({field: ["Names must be valid UTF-8."]})
    return value
