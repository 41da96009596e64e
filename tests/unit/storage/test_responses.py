"""Answers of an S3 as they may come over a socket: whole, in pieces, malformed, cut short."""

import os
import time

import pytest

from app.errors import ObjectNotFound, StorageUnavailable
from app.server.pipe import SIZE, open_pipe
from app.storage.interface import WrittenObject
from app.storage.s3.client import S3Client
from app.storage.s3.deadline import BYTES_PER_EXTRA_SECOND, FIRST_BYTE_TIMEOUT, READ_TIMEOUT, ProgressDeadline
from app.storage.s3.request import S3Request
from app.storage.s3.response import S3Response
from tests.unit.storage.scripted_s3 import HEAD, serving

PAUSE = FIRST_BYTE_TIMEOUT + 0.5
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def get(client: S3Client, method: str = "GET") -> S3Response:
    return client.send(S3Request(method, "key"))


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_answer_in_pieces_of_any_size(size: int) -> None:
    """The connection is kept for the next request."""
    whole = HEAD + b"hello"
    pieces = [whole[start : start + size] for start in range(0, len(whole), size)]
    with serving(pieces, pieces) as (client, server):
        for _ in range(2):
            answer = get(client)
            assert (answer.status, answer.described) == (200, WrittenObject(5, "e"))
            assert answer.document() == b"hello"
        assert server.connections == 1


@pytest.mark.parametrize(
    "chunks",
    [
        b"5\r\nhello\r\n0\r\n\r\n",
        b"2;a=b\r\nhe\r\n3 \r\nllo\r\n000\r\nTrailer: x\r\n\r\n",
        b"1\r\nh\r\n1\r\ne\r\n3\r\nllo\r\n0\r\n\r\n",
    ],
)
@pytest.mark.parametrize("size", [1, 1000])
def test_chunked_answer(chunks: bytes, size: int) -> None:
    """With extensions and trailers, which say nothing to us."""
    pieces = [chunks[start : start + size] for start in range(0, len(chunks), size)]
    with serving([CHUNKED, *pieces], [HEAD, b"again"]) as (client, server):
        assert get(client).document() == b"hello"
        assert get(client).document() == b"again"
        assert server.connections == 1


def test_slow_chunks_are_waited_for_as_long_as_the_head() -> None:
    """MinIO sends a head, and a space every ten seconds, while it puts a large file together."""
    deadline = ProgressDeadline(for_bytes=2 * BYTES_PER_EXTRA_SECOND)
    request = S3Request("POST", "key", deadline=deadline)
    with serving([CHUNKED, b"1\r\n \r\n", PAUSE, b"5\r\nhello\r\n0\r\n\r\n"]) as (client, _):
        assert client.send(request).document() == b" hello"


def test_splice_from_a_slow_storage() -> None:
    """What has come is moved though the rest is not there, and no later answer is waited for until it is as large."""
    body = bytes(range(256)) * 4096 * 2
    head = HEAD.replace(b"Length: 5", b"Length: %d" % len(body))
    slow = [head, body[:100_000], 0.5, body[100_000:100_001], 0.5, body[100_001:]]
    with serving(slow, [HEAD, b"again"], [HEAD, b"still"]) as (client, server):
        answer = get(client)
        answer.set_read_timeout(READ_TIMEOUT)
        started, moved = time.monotonic(), b""
        for place, seconds in ((100_000, 0.4), (100_001, 0.9), (len(body), PAUSE)):
            while len(moved) < place:
                moved += piece_of(answer, len(body) - len(moved))
            assert time.monotonic() - started < seconds
        answer.finish()
        assert moved == body
        assert get(client).document() == b"again"
        assert time.monotonic() - started < PAUSE
        assert get(client).document() == b"still"
        assert server.connections == 1


def piece_of(answer: S3Response, size: int) -> bytes:
    """What one splice moves."""
    with open_pipe() as ends:
        assert ends is not None
        source, target = ends
        return os.read(source, answer.splice_into(target, min(size, SIZE)))


def test_answer_that_ends_with_its_connection() -> None:
    """Neither length nor chunks: all that comes, and a new connection for the next."""
    with serving([b"HTTP/1.1 200 OK\r\n\r\nhel", b"lo", b""], [HEAD, b"again"]) as (client, server):
        assert get(client).document() == b"hello"
        assert get(client).document() == b"again"
        assert server.connections == 2


@pytest.mark.parametrize("line", [b"HTTP/1.0 200 OK\r\n", b"HTTP/1.1 200 OK\r\nConnection: Close\r\n"])
def test_server_that_will_close(line: bytes) -> None:
    """Its connection is not used again."""
    with serving([line + b"Content-Length: 5\r\n\r\nhello", b""], [HEAD, b"again"]) as (client, server):
        assert get(client).document() == b"hello"
        assert get(client).document() == b"again"
        assert server.connections == 2


def test_bytes_behind_an_answer_end_the_connection() -> None:
    """They could be taken for the next answer."""
    with serving([HEAD + b"hello" + HEAD + b"wrong", b""], [HEAD, b"right"]) as (client, _):
        assert get(client).document() == b"hello"
        assert get(client).document() == b"right"


def test_interim_answers_are_passed_over() -> None:
    """RFC 9110, 15.2."""
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
    with serving([interim + HEAD + b"hello"]) as (client, _):
        assert get(client).document() == b"hello"


INTERIM = b"HTTP/1.1 103 Early Hints\r\n\r\n"
DRIPPING = {
    "interim responses": [INTERIM, 0.05],
    "a flood of interim responses": [INTERIM * 10_000],
    "a body": [b"x", 0.05],
    "chunks": [b"1\r\nx\r\n", 0.05],
    "the size of a chunk": [b"0", 0.05],
    "trailers": [b"a: b\r\n", 0.05],
}
HEADS = {
    "a body": [HEAD.replace(b"Length: 5", b"Length: 500000")],
    "chunks": [CHUNKED],
    "the size of a chunk": [CHUNKED],
    "trailers": [CHUNKED + b"0\r\n"],
}


@pytest.mark.parametrize("what", DRIPPING)
def test_what_drips_ends(what: str) -> None:
    """Bytes that come for ever, few or many at once, are given up in the time that the response has."""
    script = [*HEADS.get(what, []), *DRIPPING[what] * 200]
    with serving(script) as (client, server):
        started = time.monotonic()
        request = S3Request("GET", "key", deadline=ProgressDeadline(0.3))
        with pytest.raises(StorageUnavailable):
            client.send(request).document()
        assert time.monotonic() - started < 1
        server.give_up()


@pytest.mark.parametrize("status", [b"204 No Content", b"200 OK"])
def test_no_body_where_there_is_none(status: bytes) -> None:
    """204, and whatever is asked by HEAD, though it tells a length (RFC 9112, 6.3)."""
    method = "HEAD" if status.startswith(b"200") else "DELETE"
    with serving([b"HTTP/1.1 " + status + b"\r\nContent-Length: 9\r\n\r\n"], [HEAD, b"again"]) as (client, server):
        answer = get(client, method)
        assert (answer.headers["content-length"], answer.document()) == ("9", b"")
        assert get(client).document() == b"again"
        assert server.connections == 1


def test_repeated_headers_are_joined() -> None:
    """In their order (RFC 9110, 5.3)."""
    with serving([b"HTTP/1.1 200 OK\r\nVary: Origin\r\nvary:Accept\r\nContent-Length: 0\r\n\r\n"]) as (client, _):
        answer = get(client)
        answer.document()
        assert answer.headers["vary"] == "Origin, Accept"


def test_refusal_is_told_by_its_code() -> None:
    """The body of an error may come in chunks too."""
    refusal = b"<Error><Code>NoSuchKey</Code></Error>"
    head = CHUNKED.replace(b"200 OK", b"404 Not Found")
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(refusal), refusal)
    with serving([head, body]) as (client, _), pytest.raises(ObjectNotFound):
        get(client)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nSpaced : x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * (1 << 17) + b"\r\n\r\n",
        HEAD + b"hell",
        CHUNKED + b"5\r\nhell",
        CHUNKED + b"5\r\nhello!\r\n0\r\n\r\n",
        CHUNKED + b"five\r\nhello\r\n0\r\n\r\n",
        CHUNKED + b"5\r\nhello\r\n",
        CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n",
    ],
)
def test_malformed_and_short_answers_are_unavailable(answer: bytes) -> None:
    """Never taken for a whole one; the next request has a connection of its own."""
    with serving([answer, b""], [HEAD, b"again"]) as (client, server):
        with pytest.raises(StorageUnavailable):
            get(client).document()
        assert get(client).document() == b"again"
        assert server.connections == 2


def test_kept_connection_that_is_closed_is_replaced() -> None:
    """Once: the request was surely not carried out by a connection that was closed before it."""
    with serving([HEAD, b"hello"], [b""], [HEAD, b"again"]) as (client, server):
        assert get(client).document() == b"hello"
        assert get(client).document() == b"again"
        assert server.connections == 2


def test_line_end_in_a_header_is_not_sent() -> None:
    """It would begin another header, or another request."""
    with serving() as (client, server):
        with pytest.raises(ValueError, match="line end"):
            client.send(S3Request("GET", "key", headers={"if-match": '"a"\r\nx: y'}))
        assert not server.requests
