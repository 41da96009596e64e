"""An HTTP client that does what it is told: no redirects followed, no header added but the token."""

import hashlib
import http.client
import itertools
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

_versions = itertools.count(1)


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed

    def is_problem(self, status: int) -> bool:
        """Whether it is a problem of this status, with the request's id in head and body."""
        if self.status != status or self.headers["Content-Type"] != "application/problem+json":
            return False
        told = self.json()
        return (told["status"], told["request_id"]) == (status, self.headers["X-Request-ID"])


@dataclass(frozen=True)
class Package:
    """A published package and its bytes."""

    path: str
    fields: dict[str, Any]
    content: bytes

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def etag(self) -> str:
        return f'"{self.checksum}"'


class Client:
    """Requests to one address (host:port) with a bearer token."""

    def __init__(self, address: str, token: str | None) -> None:
        self.address = address
        self.token = token

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """One request on a connection of its own; header names have underscores for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            named = {"Authorization": f"Bearer {self.token}", **named}
        connection = http.client.HTTPConnection(self.address, timeout=20)
        try:
            connection.request(method, path, body, named)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)

    def head(self, path: str, **headers: str) -> Answer:
        return self.ask("HEAD", path, **headers)

    def publish(self, file_name: str, content: bytes, content_type: str = "application/octet-stream") -> Package:
        """Upload under a version of its own."""
        path = f"/api/v1/packages/delivered/1.0.{next(_versions)}/linux/amd64/{quote(file_name, safe='')}"
        answer = self.ask("PUT", path, content, Content_Type=content_type)
        assert answer.status == 201, answer.body
        return Package(path, answer.json(), content)


def without_token(url: str) -> tuple[Client, str]:
    """A client for the URL's host that has no token, and the rest of the URL."""
    parts = urlsplit(url)
    return Client(parts.netloc, None), f"{parts.path}?{parts.query}"
