"""Body of an OpAMP message: its size is limited while it is read and while it is decompressed."""

import zlib
from collections.abc import Iterator

from flask import request

from app.errors import BadRequest, TooLarge, UnsupportedMediaType, UploadInterrupted
from app.http.body import declared_length, is_chunked
from app.http.content_headers import refuse_partial_body
from app.offers.protobuf import MEDIA_TYPE

LIMIT = 64 * 2**20
"""Bytes of a message, as it comes and unpacked."""

BLOCK = 64 * 1024
GZIP = 31
"""zlib's window bits for gzip with its header and checksum."""


def message_body() -> bytearray:
    """The request's body, unpacked.

    Raises UnsupportedMediaType, TooLarge, BadRequest if it is not the gzip that it claims to be, UploadInterrupted,
    UploadTimedOut.
    """
    if request.mimetype != MEDIA_TYPE:
        raise UnsupportedMediaType(f"Send a message with Content-Type: {MEDIA_TYPE}.")
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in ("identity", "gzip"):
        raise UnsupportedMediaType("The only Content-Encoding that this path takes is gzip.")
    refuse_partial_body(request.environ)
    blocks = received()
    return joined(unpacked(blocks) if coding == "gzip" else blocks)


def received() -> Iterator[bytes]:
    """The body in blocks as it comes."""
    left = declared_length(request.environ)
    if left is None:
        return _until_the_end() if is_chunked(request.environ) else iter(())
    if left > LIMIT:
        raise too_large()
    return _exactly(left)


def _until_the_end() -> Iterator[bytes]:
    while block := request.environ["wsgi.input"].read(BLOCK):
        yield block


def _exactly(left: int) -> Iterator[bytes]:
    while left:
        block = request.environ["wsgi.input"].read(min(left, BLOCK))
        if not block:
            raise UploadInterrupted
        left -= len(block)
        yield block


def unpacked(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """What the gzip in `blocks` holds, never more than a block at a time. Raises BadRequest."""
    unpacker = zlib.decompressobj(GZIP)
    try:
        for block in blocks:
            yield unpacker.decompress(block, BLOCK)
            while unpacker.unconsumed_tail:
                yield unpacker.decompress(unpacker.unconsumed_tail, BLOCK)
    except zlib.error as error:
        raise BadRequest("The body is not the gzip that its Content-Encoding says.") from error
    if not unpacker.eof or unpacker.unused_data:
        raise BadRequest("The gzip ends early, or something follows it.")


def joined(blocks: Iterator[bytes]) -> bytearray:
    """All blocks as one. Raises TooLarge as soon as they are more than a message may have."""
    content = bytearray()
    for block in blocks:
        content += block
        if len(content) > LIMIT:
            raise too_large()
    return content


def too_large() -> TooLarge:
    """The refusal of a message."""
    return TooLarge(f"A message may have at most {LIMIT} bytes, packed or not.")
