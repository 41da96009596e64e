"""A client that sends a file in pieces and goes on, whatever happens in between."""

import functools
import http.client
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from tests.faults.client import Answer, Client, unique_name

PATIENCE = 20.0
"""Seconds for which it tries again."""


def begin(client: Client, length: int, name: str = "") -> str:
    """The path of a new upload."""
    path = f"/api/v1/packages/{name or unique_name()}/1.0.0/linux/amd64/agent.bin"
    answer = answered(lambda: client.request("PUT", path, Upload_Complete="?0", Upload_Length=str(length)))
    assert answer.status == 201, answer.body
    return urlsplit(answer.headers["location"]).path


def head(client: Client, path: str) -> Answer:
    """How far it is."""
    return client.request("HEAD", path)


def offset_of(answer: Answer) -> int:
    """The offset that an answer tells."""
    return int(answer.headers["upload-offset"])


def patch(client: Client, path: str, offset: int, body: "bytes | Iterator[bytes]", **headers: str) -> Answer:
    """Send a piece. Raises OSError or HTTPException where there is no answer."""
    sent = {"Upload_Offset": str(offset), "Upload_Complete": "?0", "Content_Type": "application/partial-upload"}
    return client.request("PATCH", path, body, **{**sent, **headers})


def tried(send: Callable[[], Answer]) -> Answer | None:
    """An answer other than 503, None while there is none."""
    try:
        answer = send()
    except (OSError, http.client.HTTPException):
        return None
    return None if answer.status in (503, 507) else answer


def answered(send: Callable[[], Answer]) -> Answer:
    """The first answer that is no 503: a worker that has lost an answer refuses for half a second."""
    deadline = time.monotonic() + PATIENCE
    while (answer := tried(send)) is None and time.monotonic() < deadline:
        time.sleep(0.1)
    assert answer, f"no answer within {PATIENCE} s"
    return answer


def send_all(client: Client, path: str, content: bytes) -> int:
    """Send what is missing until it is published; what is told last. Offsets never go back."""
    deadline = time.monotonic() + PATIENCE
    told = 0
    while time.monotonic() < deadline:
        answer = tried(lambda: head(client, path))
        if answer is None:
            time.sleep(0.2)
            continue
        assert answer.status == 200, answer
        assert offset_of(answer) >= told
        told = offset_of(answer)
        if answer.headers["upload-complete"] == "?1":
            return told
        if tried(functools.partial(patch, client, path, told, content[told:])) is None:
            # As clients do. HEAD takes over at once, also from a piece that may be storing its tail just now.
            time.sleep(0.3)
    raise AssertionError(f"not published within {PATIENCE} s")
