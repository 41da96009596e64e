"""A client that sends a file in pieces and goes on, whatever happens in between."""

import http.client
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.faults.client import Answer, Client, unique_name

PATIENCE = 30.0
"""Seconds for which it tries again without any progress."""

BLOCK = 1 << 16


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


@dataclass
class PieceSender:
    """Sends one file, `step` bytes at most in a piece, and remembers what it was told."""

    client: Client
    path: str
    content: bytes
    step: int = 1 << 40
    told: int = 0
    """The furthest offset that any answer has told."""
    handed: int = 0
    """The furthest byte that was handed to the connection."""
    went_back: int = 0
    """Answers that told less than one before."""
    again: int = 0
    """The most bytes that were asked for again after a piece without an answer."""

    def send_all(self) -> int:
        """Send what is missing until it is published; the offset that is told then."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            before = self.told
            offset = self._ask()
            if offset is None:
                time.sleep(0.1)
            elif self._is_published:
                return offset
            else:
                self._send(offset)
            if self.told > before:
                deadline = time.monotonic() + PATIENCE
        raise AssertionError(f"not published: it stands at {self.told}")

    def _ask(self) -> int | None:
        answer = tried(lambda: head(self.client, self.path))
        if answer is None:
            return None
        assert answer.status == 200, answer
        self._is_published = answer.headers["upload-complete"] == "?1"
        self._note(answer)
        self.again = max(self.again, self.handed - offset_of(answer))
        self.handed = offset_of(answer)
        return offset_of(answer)

    def _send(self, offset: int) -> None:
        end = min(offset + self.step, len(self.content))
        try:
            length = str(end - offset)
            answer = patch(self.client, self.path, offset, self._blocks(offset, end), Content_Length=length)
        except (OSError, http.client.HTTPException):
            return
        if answer.status in (201, 204, 503) and "upload-offset" in answer.headers:
            self._note(answer)

    def _note(self, answer: Answer) -> None:
        offset = offset_of(answer)
        self.went_back += offset < self.told
        self.told = max(self.told, offset)

    def _blocks(self, start: int, end: int) -> Iterator[bytes]:
        for at in range(start, end, BLOCK):
            block = self.content[at : min(at + BLOCK, end)]
            self.handed = at + len(block)
            yield block


def send_all(client: Client, path: str, content: bytes) -> int:
    """Send what is missing until it is published; what is told last. Offsets never go back."""
    sender = PieceSender(client, path, content)
    told = sender.send_all()
    assert sender.went_back == 0
    return told
