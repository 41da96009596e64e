"""Forms to read, and how."""

import itertools
from collections.abc import Sequence

from app.http.forms.form import FormReader

BOUNDARY = b"bound-ary"
DELIMITER = b"\r\n--" + BOUNDARY
MAX_FILE = 1 << 22


class Pieces:
    """A body that arrives in the pieces given."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self.pieces = [piece for piece in pieces if piece]

    def readinto(self, buffer: memoryview) -> int:
        if not self.pieces:
            return 0
        piece = self.pieces.pop(0)
        count = min(len(piece), len(buffer))
        buffer[:count] = piece[:count]
        if count < len(piece):
            self.pieces.insert(0, piece[count:])
        return count


def part(disposition: str | bytes, content: bytes, *more: bytes) -> bytes:
    """One part of a form, with its delimiter before it."""
    if isinstance(disposition, str):
        disposition = disposition.encode()
    lines = [b"Content-Disposition: form-data; " + disposition, *more]
    return DELIMITER + b"\r\n" + b"\r\n".join(lines) + b"\r\n\r\n" + content


FILE = part('name="file"; filename="agent.bin"', b"the bytes")
NAME = part('name="name"', b"opamp-agent")
END = DELIMITER + b"--\r\n"


Form = tuple[str, str | None, bytes, dict[str, list[str]]]
"""File name, content type, content, fields."""


def receive(pieces: Sequence[bytes], read_size: int) -> Form:
    """Read a whole form with a buffer of so many bytes."""
    form = FormReader(Pieces(pieces), BOUNDARY, MAX_FILE)
    file = form.open_file()
    content = bytearray()
    block = memoryview(bytearray(read_size))
    while count := file.source.readinto(block):
        content += block[:count]
    return file.file_name, file.content_type, bytes(content), form.finish()


def split(body: bytes, cuts: Sequence[int]) -> list[bytes]:
    """`body` cut at the places given."""
    places = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    return [body[begin:end] for begin, end in itertools.pairwise(places)]
