"""The request body, by a WSGI environ made by hand."""

import io
import time
from typing import Any

import pytest

from app.errors import LengthRequired, TooLarge, UploadInterrupted, UploadTimedOut
from app.http.body import RequestBody, raw_body
from app.http.forms.form import MAX_TEXT, open_form
from app.http.forms.parts import MAX_OVERHEAD


class Unread(io.BytesIO):
    """A body that must not be touched."""

    def readinto(self, _: Any) -> int:
        raise AssertionError("the body was read")


def environ(content: bytes = b"", length: int | None = None, **more: Any) -> dict[str, Any]:
    """A request with this body; `length` is its Content-Length."""
    headers = {} if length is None else {"CONTENT_LENGTH": str(length)}
    return {"wsgi.input": io.BytesIO(content), **headers, **more}


def read(body: RequestBody) -> bytes:
    """All of it, in small blocks."""
    content, block = bytearray(), memoryview(bytearray(7))
    while count := body.readinto(block):
        content += block[:count]
    return bytes(content)


def test_body_ends_at_its_length() -> None:
    """What follows Content-Length on a connection is no part of the body."""
    body = raw_body(environ(b"0123456789 and more", 10), max_size=10, timeout=5)
    assert (body.length, read(body), body.received) == (10, b"0123456789", 10)


def test_chunked_body_has_no_length() -> None:
    """A chunked body is read to its end."""
    body = raw_body(environ(b"0123456789", HTTP_TRANSFER_ENCODING="chunked"), max_size=10, timeout=5)
    assert (body.length, read(body)) == (None, b"0123456789")


def test_early_end_is_an_interruption() -> None:
    """Servers report a vanished client as a clean end of file; the length tells."""
    with pytest.raises(UploadInterrupted):
        read(raw_body(environ(b"012345678", 10), max_size=10, timeout=5))


def test_length_over_the_limit_is_refused_unread() -> None:
    """Content-Length decides before a byte is read."""
    with pytest.raises(TooLarge):
        raw_body(environ(length=11, **{"wsgi.input": Unread()}), max_size=10, timeout=5)


def test_chunks_over_the_limit_are_refused() -> None:
    """Without a length the bytes are counted."""
    body = raw_body(environ(b"0" * 11, HTTP_TRANSFER_ENCODING="chunked"), max_size=10, timeout=5)
    with pytest.raises(TooLarge):
        read(body)


def test_raw_body_needs_length_or_chunks() -> None:
    """Neither is 411; a length of 0 is a length."""
    with pytest.raises(LengthRequired):
        raw_body(environ(b"x"), max_size=10, timeout=5)
    assert read(raw_body(environ(length=0), max_size=10, timeout=5)) == b""


def test_time_over_is_told() -> None:
    """Once its time is over, the body is read no further."""
    body = raw_body(environ(b"0123456789", 10), max_size=10, timeout=0.02)
    time.sleep(0.04)
    with pytest.raises(UploadTimedOut):
        read(body)


@pytest.mark.parametrize(("excess", "refused"), [(0, False), (1, True)])
def test_form_is_refused_unread_only_where_its_file_must_be_too_large(excess: int, refused: bool) -> None:
    """The file's bytes count, so the form may be longer by what may stand around it."""
    length = 1000 + MAX_TEXT + MAX_OVERHEAD + excess
    given = environ(length=length, CONTENT_TYPE="multipart/form-data; boundary=b", **{"wsgi.input": Unread()})
    if refused:
        with pytest.raises(TooLarge):
            open_form(given, max_file_size=1000, timeout=5)
    else:
        open_form(given, max_file_size=1000, timeout=5)
