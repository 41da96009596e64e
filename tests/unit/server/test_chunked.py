"""Chunked bodies, in whatever pieces they come."""

import itertools

import pytest
from gunicorn.http.errors import InvalidHeaderName, ParseException

from app.server.chunked import FREE_FRAMING, ChunkedDecoder

BODY = bytes(range(256)) * 20
NEXT = b"GET / HTTP/1.1\r\n"


def chunked(sizes: list[int], last: bytes = b"0\r\n\r\n") -> bytes:
    """BODY in chunks of these sizes, again and again."""
    wire, place = b"", 0
    for size in itertools.cycle(sizes):
        piece = BODY[place : place + size]
        if not piece:
            return wire + last
        wire += b"%x\r\n%s\r\n" % (len(piece), piece)
        place += size
    raise AssertionError


def decoded(wire: bytes, step: int) -> tuple[bytes, bytes, list[bytes]]:
    """The body, what follows it, and its trailers, of a wire that gives `step` bytes at a time."""
    trailers: list[bytes] = []
    decoder, content, received = ChunkedDecoder(trailers.append), bytearray(), bytearray()
    for place in range(0, len(wire), step):
        received += wire[place : place + step]
        decoder.take(received, content)
    assert decoder.is_complete
    return bytes(content), bytes(received), trailers


@pytest.mark.parametrize("step", [1, 2, 7, 1000, 100_000])
@pytest.mark.parametrize("sizes", [[5], [1000], [3, 300], [100_000]])
def test_body_is_decoded(step: int, sizes: list[int]) -> None:
    """Each piece gives the same body, and the next request is left."""
    assert decoded(chunked(sizes) + NEXT, step) == (BODY, NEXT, [])


def test_extensions_and_trailers() -> None:
    """Extensions are skipped, trailers handed on (RFC 9112, 7.1.1 and 7.1.2)."""
    wire = b'5;a=b;c="d\\"e" \r\nhello\r\n000;x\r\nA: 1\r\nB: 2\r\n\r\n'.replace(b'" \r', b'"\r')
    assert decoded(wire, 1) == (b"hello", b"", [b"A: 1\r\nB: 2"])


@pytest.mark.parametrize(
    "wire",
    [
        b"\r\n", b"x\r\n", b"-1\r\n", b"+1\r\n", b"0x1\r\n", b"1 1\r\n", b" 1\r\n", b"1_0\r\n", b"1\n", b"\n",
        b"1\r\rx", b"1\r\nab", b"1\r\na\rb", b"1\r\na\n", b"f" * 16 + b"\r\n", b"1;\x00\r\n",
        b"1;a\rb\r\n", b"1" * 5000,
        b"0\r\nA: 1\n", b"0\r\n" + b"A: 1\r\n" * 4000,
    ],
)  # fmt: skip
@pytest.mark.parametrize("step", [1, 10_000])
def test_malformed(wire: bytes, step: int) -> None:
    """What is no chunk is refused as soon as it can be seen, in whatever pieces it comes."""
    with pytest.raises(ParseException):
        decoded(wire + b"\r\n" * 2, step)


def test_refused_trailer() -> None:
    """Whoever looks at the trailers may refuse them."""

    def refuse(_lines: bytes) -> None:
        raise InvalidHeaderName("HOST")

    with pytest.raises(InvalidHeaderName):
        ChunkedDecoder(refuse).take(bytearray(b"0\r\nHost: a\r\n\r\n"), bytearray())


@pytest.mark.parametrize(("size", "refused"), [(1, True), (4, True), (5, False), (100, False)])
def test_framing_may_not_outweigh_the_body(size: int, refused: bool) -> None:
    """Beyond some KiB: each chunk costs us some microseconds, whatever is in it."""
    wire = bytearray(b"%x\r\n%s\r\n" % (size, b"x" * size)) * (20 * FREE_FRAMING // (size + 5))
    decoder = ChunkedDecoder(lambda _: None)
    if refused:
        with pytest.raises(ParseException):
            decoder.take(wire, bytearray())
    else:
        decoder.take(wire, bytearray())
        assert not wire
