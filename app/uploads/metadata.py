"""Upload-Metadata of tus: the form's fields as `key base64` pairs."""

import base64
import binascii

from app.errors import BadRequest

MAX_BYTES = 4096
FIELDS = ("name", "version", "platform", "arch", "description", "checksum")
FILE_NAMES = ("filename", "file_name")


def decoded(header: str) -> dict[str, str]:
    """The pairs of the header; a key alone has the value "".

    Raises BadRequest for more than MAX_BYTES, a repeated key, and what is no base64 of UTF-8.
    """
    if len(header) > MAX_BYTES:
        raise BadRequest(f"Upload-Metadata may have at most {MAX_BYTES} bytes.")
    pairs: dict[str, str] = {}
    for member in header.split(",") if header.strip() else ():
        key, _, encoded = member.strip(" ").partition(" ")
        if not key or not key.isascii() or key in pairs:
            raise BadRequest("Upload-Metadata must be 'key base64' pairs with commas between them, each key once.")
        pairs[key] = _text(key, encoded)
    return pairs


def _text(key: str, encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise BadRequest(f"Upload-Metadata: {ascii(key)[1:-1]} has no base64 of a text in UTF-8.") from error
