"""multipart/form-data with one file (RFC 7578), streamed: fields may stand before the file and after it."""

import re
from dataclasses import dataclass
from typing import Any

from werkzeug.http import parse_options_header

from app.errors import BadRequest, Invalid, TooLarge, UnsupportedMediaType
from app.http.body import RequestBody, declared_length, too_large
from app.http.forms.part_header import PartHeader
from app.http.forms.parts import MAX_OVERHEAD, PartStream
from app.http.validation import printable_name
from app.storage.interface import ByteSource

FILE_FIELD = "file"
MAX_TEXT = 1 << 20
"""Bytes of all fields together."""

_BOUNDARY = re.compile(r"[\x20-\x7e]{0,199}[\x21-\x7e]")


@dataclass(frozen=True, slots=True)
class FilePart:
    """The form's file. `file_name` is as it was sent; `content_type` is the part's own, if it has one."""

    file_name: str
    content_type: str | None
    source: ByteSource


@dataclass(frozen=True, slots=True)
class SmallFile:
    """A small file beside the form's file, held in memory."""

    file_name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class SmallFiles:
    """The field for small files: how many there may be, and how many bytes each may have."""

    field: str
    count: int
    size: int

    @property
    def room(self) -> int:
        """Bytes of all of them."""
        return self.count * self.size


class FormReader:
    """Reads one form: `open_file`, its source to the end, then `finish`. `max_file_size` in bytes."""

    def __init__(self, body: ByteSource, boundary: bytes, max_file_size: int, small: SmallFiles | None = None) -> None:
        self._parts = PartStream(body, boundary)
        self._max_file_size = max_file_size
        self._fields: dict[str, list[str]] = {}
        self._text_left = MAX_TEXT
        self._small = small
        self.small_files: list[SmallFile] = []

    def open_file(self) -> FilePart:
        """Read up to the first byte of the file, and keep the fields before it.

        Raises Invalid if there is no file or it has no name, or a field is not UTF-8; BadRequest, TooLarge, and
        what the body raises.
        """
        while (part := self._parts.next_part()) is not None:
            if part.name == FILE_FIELD:
                return self._open(part)
            self._collect(part)
        raise Invalid({FILE_FIELD: ["Send the package's file in this field."]})

    def finish(self) -> dict[str, list[str]]:
        """Read to the closing boundary and on to the real end of the body; all fields with their values.

        Raises as open_file does, and Invalid for a second file.
        """
        while (part := self._parts.next_part()) is not None:
            if part.name == FILE_FIELD:
                raise Invalid({FILE_FIELD: ["Send exactly one file."]})
            self._collect(part)
        self._parts.drain()
        return self._fields

    def _open(self, part: PartHeader) -> FilePart:
        if not part.file_name:
            raise Invalid({FILE_FIELD: ["Send a file, with a file name."]})
        return FilePart(part.file_name, part.content_type, _LimitedSource(self._parts, self._max_file_size))

    def _collect(self, part: PartHeader) -> None:
        if self._small is not None and part.name == self._small.field:
            self.small_files.append(self._read_small(part, self._small))
            return
        if part.file_name is not None:
            raise Invalid({printable_name(part.name): [f"This is not the field for a file: send it as {FILE_FIELD}."]})
        text = self._read_text()
        try:
            value = text.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Invalid({printable_name(part.name): ["Must be valid UTF-8."]}) from error
        self._fields.setdefault(part.name, []).append(value)

    def _read_small(self, part: PartHeader, limits: SmallFiles) -> SmallFile:
        if not part.file_name:
            raise Invalid({limits.field: ["Send a file, with a file name."]})
        if len(self.small_files) >= limits.count:
            raise Invalid({limits.field: [f"Send at most {limits.count} of them."]})
        content = bytearray()
        block = memoryview(bytearray(1 << 14))
        while count := self._parts.readinto(block):
            content += block[:count]
            if len(content) > limits.size:
                raise TooLarge(f"A file of the field {limits.field} may have at most {limits.size} bytes.")
        return SmallFile(part.file_name, bytes(content))

    def _read_text(self) -> bytearray:
        text = bytearray()
        block = memoryview(bytearray(1 << 14))
        while count := self._parts.readinto(block):
            text += block[:count]
            self._text_left -= count
            if self._text_left < 0:
                raise TooLarge(f"The fields of the form are over {MAX_TEXT} bytes together.")
        return text


class _LimitedSource:
    """The file's bytes, up to a limit."""

    def __init__(self, source: ByteSource, limit: int) -> None:
        self._source = source
        self._limit = limit
        self._left = limit

    def readinto(self, buffer: memoryview) -> int:
        count = self._source.readinto(buffer)
        self._left -= count
        if self._left < 0:
            raise too_large(self._limit)
        return count


def open_form(
    environ: dict[str, Any], *, max_file_size: int, timeout: float, small: SmallFiles | None = None
) -> FormReader:
    """The form that the request carries; `timeout` in seconds from now to its end.

    Raises UnsupportedMediaType, BadRequest without a boundary, and TooLarge where Content-Length tells that the
    file is over `max_file_size` bytes whatever stands around it.
    """
    boundary = boundary_of(environ.get("CONTENT_TYPE", ""))
    overhead = MAX_TEXT + MAX_OVERHEAD + (small.room if small else 0)
    if (declared_length(environ) or 0) > max_file_size + overhead:
        raise too_large(max_file_size)
    body = RequestBody(environ, limit=max_file_size + overhead, timeout=timeout)
    return FormReader(body, boundary, max_file_size, small)


def boundary_of(content_type: str) -> bytes:
    """The boundary that a Content-Type of multipart/form-data names. Raises UnsupportedMediaType, BadRequest."""
    media_type, options = parse_options_header(content_type)
    if media_type.lower() != "multipart/form-data":
        raise UnsupportedMediaType("Send the package as multipart/form-data.")
    boundary = options.get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise BadRequest("The Content-Type multipart/form-data needs a boundary.")
    return boundary.encode("ascii")
