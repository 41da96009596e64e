"""What requests of both dialects say: tus 1.0.0, and the field names of draft-ietf-httpbis-resumable-upload."""

import base64
import binascii
import re
from typing import NoReturn

from flask import request

from app.config import Config
from app.errors import (
    BadRequest,
    ChecksumMismatch,
    DigestMismatch,
    Invalid,
    ServiceError,
    TooLarge,
    UnknownVersion,
    UnsupportedMediaType,
    WrongOffset,
)
from app.http.body import RequestBody, declared_length, too_large
from app.http.content_headers import refuse_coded_body, refuse_partial_body
from app.http.query import no_parameters, parameters
from app.http.services import get
from app.packages.fields import file_name
from app.packages.receiving import checked, loaded, raw_fields, upload_fields
from app.packages.schemas import FormSchema, PutQuery
from app.uploads import metadata
from app.uploads.dialects import DRAFT_BYTES, TUS_BYTES, TUS_VERSION
from app.uploads.piece import Piece, PieceDigest
from app.uploads.upload import NewUpload, Upload

NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)
RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)", re.ASCII)
CONTENT_DIGEST = re.compile(r"(?:^|,)[ \t]*sha-256=:([A-Za-z0-9+/]*={0,2}):[ \t]*(?=,|$)")
COMPLETE = {"?0": False, "?1": True}
ALGORITHMS = {"sha256": 32, "sha1": 20}


def speaks_tus() -> bool:
    """Whether this request is of tus. Raises UnknownVersion for one of another version."""
    version = request.headers.get("Tus-Resumable")
    if version not in (None, TUS_VERSION):
        raise UnknownVersion
    return version is not None


def insist_on_tus() -> None:
    """Raises UnknownVersion for a request that does not say its version."""
    if not speaks_tus():
        raise UnknownVersion


def new_by_metadata() -> NewUpload:
    """The upload that a tus client asks for. Raises BadRequest, TooLarge, Invalid, UnsupportedMediaType."""
    insist_on_tus()
    if has_body() and request.mimetype != TUS_BYTES:
        raise UnsupportedMediaType(f"Send the first piece with Content-Type: {TUS_BYTES}, or none.")
    refuse_coded_body(request.environ)
    refuse_partial_body(request.environ)
    if "Upload-Concat" in request.headers:
        raise BadRequest("Uploads are not put together of others: send one upload without Upload-Concat.")
    length = upload_length()
    header = request.headers.get("Upload-Metadata", "")
    sent = metadata.decoded(header)
    no_parameters()
    errors: dict[str, list[str]] = {}
    name = next((sent[key] for key in metadata.FILE_NAMES if key in sent), None)
    if name is None:
        errors["filename"] = ["Missing data for required field."]
    kept = checked("filename", file_name, name or "", errors) if name is not None else ""
    values = loaded(FormSchema(), {key: sent[key] for key in metadata.FIELDS if key in sent}, errors)
    return NewUpload(upload_fields(values, kept, sent.get("filetype")), insisted_on(length), header)


def new_by_path(path: dict[str, str]) -> NewUpload:
    """The upload that a PUT with Upload-Complete: ?0 asks for. Raises BadRequest, TooLarge, Invalid."""
    refuse_coded_body(request.environ)
    refuse_partial_body(request.environ)
    length = upload_length()
    fields = raw_fields(path, parameters(PutQuery)["description"])
    return NewUpload(fields, insisted_on(length))


def upload_length() -> int:
    """Upload-Length in bytes. Raises BadRequest, TooLarge."""
    sent = request.headers.get("Upload-Length")
    if sent is None:
        raise BadRequest("Send Upload-Length, the size of the whole file in bytes.")
    limit = get(Config).packages.max_size
    if sent.isascii() and sent.isdigit() and (len(sent) > 18 or int(sent) > limit):
        raise too_large(limit)
    return number("Upload-Length", sent)


def insisted_on(length: int) -> int:
    """The length, if it is one of a package. Raises Invalid."""
    if length == 0:
        raise Invalid({"Upload-Length": ["The file is empty."]})
    return length


def number(name: str, sent: str | None) -> int:
    """A header's whole number. Raises BadRequest."""
    if sent is None or not NUMBER.fullmatch(sent):
        raise BadRequest(f"Send {name} as a whole number of bytes.")
    return int(sent)


def upload_complete() -> bool | None:
    """What Upload-Complete says, None without it. Raises BadRequest."""
    sent = request.headers.get("Upload-Complete")
    if sent is not None and sent.strip() not in COMPLETE:
        raise BadRequest("Upload-Complete must be ?0 or ?1.")
    return None if sent is None else COMPLETE[sent.strip()]


def has_body() -> bool:
    """Whether the request has a body that is not empty."""
    return bool(declared_length(request.environ)) or "HTTP_TRANSFER_ENCODING" in request.environ


def refuse_other_pieces() -> bool:
    """Whether this PATCH is of tus. Raises UnsupportedMediaType, UnknownVersion, BadRequest for neither dialect."""
    refuse_coded_body(request.environ)
    if request.mimetype == TUS_BYTES:
        insist_on_tus()
        return True
    if request.mimetype != DRAFT_BYTES:
        raise UnsupportedMediaType(f"Send a piece with Content-Type: {TUS_BYTES} or {DRAFT_BYTES}.")
    speaks_tus()
    if upload_complete() is None:
        raise BadRequest("Send Upload-Complete: ?1 with the last piece, ?0 with any other.")
    return False


def piece_at_offset(upload: Upload, *, is_tus: bool) -> Piece:
    """The piece that this PATCH adds to `upload`. Raises WrongOffset, TooLarge, BadRequest."""
    no_parameters()
    offset = number("Upload-Offset", request.headers.get("Upload-Offset"))
    refuse_other_range(offset, upload.length)
    if offset != upload.offset:
        raise WrongOffset(f"The upload stands at {upload.offset}; go on from there.")
    return piece_of(upload, is_last=not is_tus and upload_complete() is True, is_tus=is_tus)


def piece_of(upload: Upload, *, is_tus: bool, is_last: bool = False) -> Piece:
    """This request's body as a piece of `upload`. Raises TooLarge, BadRequest."""
    missing = upload.length - upload.offset
    length = declared_length(request.environ)
    if "HTTP_TRANSFER_ENCODING" not in request.environ:
        length = length or 0
    if length is not None and length > missing:
        raise TooLarge(f"{missing} bytes of the upload are missing, and the piece has {length}.")
    if is_last and length is not None and length < missing:
        raise BadRequest(f"Upload-Complete: ?1, but {missing} bytes are missing, and the piece has {length}.")
    body = RequestBody(request.environ, limit=missing, timeout=get(Config).packages.upload_timeout)
    return Piece(body, piece_digest(is_tus=is_tus), is_last)


def refuse_other_range(offset: int, length: int) -> None:
    """Raises BadRequest for a Content-Range that contradicts the other headers."""
    sent = request.headers.get("Content-Range")
    if sent is None:
        return
    match = RANGE.fullmatch(sent.strip())
    size = declared_length(request.environ)
    if (
        match is None
        or int(match[1]) != offset
        or (size is not None and int(match[2]) != offset + size - 1)
        or match[3] not in ("*", str(length))
    ):
        raise BadRequest("Content-Range does not agree with Upload-Offset, Content-Length and the upload's length.")


def piece_digest(*, is_tus: bool) -> PieceDigest | None:
    """What the piece's bytes have to have, None if nothing is declared. Raises BadRequest."""
    mismatch: ServiceError = DigestMismatch({"Content-Digest": ["The bytes received have another digest."]})
    if is_tus:
        mismatch = ChecksumMismatch("The bytes of the piece are not those declared; none of them counts.")
    if (sent := request.headers.get("Upload-Checksum")) is not None:
        algorithm, _, encoded = sent.partition(" ")
        if algorithm not in ALGORITHMS:
            raise BadRequest("Upload-Checksum must be 'sha256 BASE64' or 'sha1 BASE64'.")
        return PieceDigest(algorithm, _digest("Upload-Checksum", encoded, ALGORITHMS[algorithm]), mismatch)
    if (sent := request.headers.get("Content-Digest")) is not None:
        match = CONTENT_DIGEST.search(sent)
        if match is not None:
            return PieceDigest("sha256", _digest("Content-Digest", match[1], ALGORITHMS["sha256"]), mismatch)
        if "=:" not in sent or "sha-256" in sent:
            _malformed("Content-Digest")
    return None


def _digest(name: str, encoded: str, size: int) -> bytes:
    try:
        digest = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        _malformed(name)
    if len(digest) != size:
        _malformed(name)
    return digest


def _malformed(name: str) -> NoReturn:
    raise BadRequest(f"{name} is malformed: the digest has to be in base64.")
