"""Answers: whole or in blocks, and which of them are errors."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from opampkg import errors

BLOCK = 1 << 18
LONGEST_ANSWER = 64 << 20


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        """The document. Raises OpampkgError if it is none."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise errors.OpampkgError("The answer is no JSON: is this the package service's URL?") from error


class Stream:
    """An answer whose body is read in blocks; to be closed."""

    def __init__(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
        self._connection = connection
        self._response = response
        self.status = response.status
        self.headers = response.headers

    def blocks(self) -> Iterator[bytes]:
        """The body. Raises Unreachable if the connection ends before it."""
        try:
            while True:
                block = self._response.read(BLOCK)
                if not block:
                    break
                yield block
        except (OSError, http.client.HTTPException) as error:
            raise unreachable(error) from error
        if self._response.length:
            raise errors.Unreachable("The connection ended before the file did.")

    def close(self) -> None:
        """End the connection."""
        self._response.close()
        self._connection.close()


def whole(response: http.client.HTTPResponse) -> bytes:
    """The body. Raises IncompleteRead if the connection ends before it, or if it is absurdly long."""
    content = response.read(LONGEST_ANSWER)
    if response.length:
        raise http.client.IncompleteRead(content, response.length)
    return content


def refuse(answer: Answer, reason: str) -> None:
    """Raise what an answer that is no success stands for; a redirect of an API call is one."""
    if answer.status < 300 or answer.status == 304:
        return
    if answer.status < 400:
        place = answer.headers.get("Location", "elsewhere")
        raise errors.OpampkgError(f"The server redirects to {place}. If you trust that, give its URL as --server.")
    error = errors.of_answer(answer.status, reason, _problem(answer))
    if isinstance(error, errors.Unreachable):
        error.retry_after = _seconds(answer.headers.get("Retry-After"))
    if isinstance(error, errors.Conflict):
        offset = answer.headers.get("Upload-Offset", "")
        error.offset = int(offset) if offset.isdigit() else None
    raise error


def _problem(answer: Answer) -> dict[str, Any]:
    if answer.headers.get_content_type() != "application/problem+json":
        return {}
    try:
        problem = json.loads(answer.body)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


def _seconds(header: str | None) -> float | None:
    """Retry-After in seconds; its form as a date is left alone."""
    return float(header) if header is not None and header.isdigit() else None


def unreachable(error: Exception) -> errors.OpampkgError:
    """What a failed connection is; a certificate that is not trusted stays so, and is no reason to try again."""
    if isinstance(error, ssl.SSLCertVerificationError):
        found = errors.Unreachable(f"The server's certificate is not trusted: {error.verify_message}. See --ca-file.")
        found.passes = False
        return found
    told = str(error) or type(error).__name__
    return errors.Unreachable(f"The service cannot be reached: {told}.")
