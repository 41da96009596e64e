"""Receiving uploads: as a form (multipart/form-data), or as the bytes alone (PUT)."""

from dataclasses import replace
from typing import Any

from flask import request
from marshmallow import ValidationError

from app.config import Config
from app.errors import Invalid
from app.http.body import RequestBody, raw_body
from app.http.content_headers import refuse_coded_body, refuse_partial_body
from app.http.forms.form import FilePart, FormReader, SmallFiles, open_form
from app.http.query import no_parameters, parameters
from app.http.services import get
from app.http.validation import load
from app.packages import fields
from app.packages.schemas import CoordinatesSchema, FormSchema, PutQuery
from app.packages.settlement import SentSignature
from app.packages.store import Coordinates
from app.packages.uploads import UploadFields
from app.storage.interface import ByteSource
from app.trust.formats import MAX_SIZE

SIGNATURES = SmallFiles("signature", count=8, size=MAX_SIZE)


def receive_form() -> "FormUpload":
    """The upload in this request's form. Raises UnsupportedMediaType, BadRequest, TooLarge, Invalid."""
    limits = get(Config).packages
    refuse_coded_body(request.environ)
    form = open_form(request.environ, max_file_size=limits.max_size, timeout=limits.upload_timeout, small=SIGNATURES)
    refuse_partial_body(request.environ)
    no_parameters()
    return FormUpload(form)


def receive_raw(path: dict[str, str]) -> "RawUpload":
    """The upload whose coordinates are in the path.

    Raises UnsupportedMediaType, LengthRequired, TooLarge, BadRequest, Invalid.
    """
    limits = get(Config).packages
    refuse_coded_body(request.environ)
    body = raw_body(request.environ, max_size=limits.max_size, timeout=limits.upload_timeout)
    refuse_partial_body(request.environ)
    return RawUpload(body, raw_fields(path, parameters(PutQuery)["description"]))


class FormUpload:
    """A form with the package's bytes and fields, in any order."""

    size: int | None = None

    def __init__(self, form: FormReader) -> None:
        self.form = form
        self.file: FilePart

    def open_file(self) -> ByteSource:
        """Read up to the file, and keep the fields that come before it."""
        self.file = self.form.open_file()
        return self.file.source

    def finish(self) -> UploadFields:
        """Read the rest, and check all fields together."""
        sent = self.form.finish()
        errors = {name: ["Must not be repeated."] for name, values in sent.items() if len(values) > 1}
        file_name = checked("file", fields.file_name, self.file.file_name, errors)
        values = loaded(FormSchema(), {name: values[0] for name, values in sent.items()}, errors)
        described = upload_fields(values, file_name, self.file.content_type)
        signatures = (SentSignature(each.file_name, each.content) for each in self.form.small_files)
        return replace(described, signatures=tuple(signatures))


class RawUpload:
    """A request whose body is the file and nothing else."""

    def __init__(self, body: RequestBody, described: UploadFields) -> None:
        self.body = body
        self.described = described
        self.size = body.length

    def open_file(self) -> ByteSource:
        """The body itself, asked for before an object is reserved for it."""
        self.body.begin()
        return self.body

    def finish(self) -> UploadFields:
        """The fields were all there before the body."""
        return self.described


def path_coordinates(path: dict[str, str]) -> Coordinates:
    """The canonical coordinates of a file's path. Raises Invalid."""
    return coordinates_of(load(CoordinatesSchema(), without(path, "file_name")))


def raw_fields(path: dict[str, str], description: str) -> UploadFields:
    """What path, query and headers say of a raw upload. Raises Invalid with all that is wrong."""
    errors: dict[str, list[str]] = {}
    file_name = checked("file_name", fields.file_name, path["file_name"], errors)
    header = request.headers.get("Repr-Digest")
    checksum = None if header is None else checked("Repr-Digest", fields.repr_digest, header, errors)
    values = loaded(CoordinatesSchema(), without(path, "file_name"), errors)
    return upload_fields(
        {**values, "description": description, "checksum": checksum}, file_name, request.headers.get("Content-Type")
    )


def upload_fields(values: dict[str, Any], file_name: str, content_type: str | None) -> UploadFields:
    """The loaded values as the manager takes them."""
    checksum = values.get("checksum")
    return UploadFields(
        coordinates=coordinates_of(values),
        file_name=file_name,
        content_type=fields.content_type(content_type),
        description=values["description"],
        checksum=checksum.lower() if checksum else None,
    )


def coordinates_of(values: dict[str, Any]) -> Coordinates:
    """The four coordinates among the loaded values."""
    return Coordinates(values["name"], values["version"], values["platform"], values["arch"])


def checked(field: str, check: Any, value: str, errors: dict[str, list[str]]) -> Any:
    """`check(value)`; what it refuses is noted in `errors` under `field`."""
    try:
        return check(value)
    except ValidationError as error:
        errors[field] = [str(message) for message in error.messages]
        return ""


def loaded(schema: Any, values: dict[str, str], errors: dict[str, list[str]]) -> dict[str, Any]:
    """The values as `schema` loads them. Raises Invalid with its errors and those noted before."""
    try:
        result = load(schema, values)
    except Invalid as error:
        raise Invalid({**error.errors, **errors}) from error
    if errors:
        raise Invalid(errors)
    return result


def without(values: dict[str, str], name: str) -> dict[str, str]:
    """All values but one."""
    return {key: value for key, value in values.items() if key != name}
