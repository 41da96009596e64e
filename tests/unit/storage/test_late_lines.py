"""Requests that the S3 is to finish, even if this process is killed: empty lines follow them."""

from app.storage.s3.connection import LATE_LINES
from app.storage.s3.request import S3Request
from tests.unit.storage.scripted_s3 import HEAD, serving


def test_lines_follow_until_the_answer_comes() -> None:
    """LATE_LINES at most, and the connection is not kept."""
    with serving([0.3, HEAD + b"hello"], [b""], [HEAD + b"hello"]) as (client, server):
        for outlives in (True, False):
            request = S3Request("POST", "key", fresh=outlives, outlives=outlives)
            assert client.send(request).document() == b"hello"
        lines = server.requests[1].count(b"\r\n")
        assert (server.requests[1], 1 <= lines <= LATE_LINES) == (b"\r\n" * lines, True)
        assert server.connections == 2
