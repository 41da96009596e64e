"""What a client does, with the time it takes."""

import hashlib
import http.client
import json
import random
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

PATIENCE = 30.0
"""Seconds after which the client gives up; far above what is promised."""

Headers = dict[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; `seconds` count from the request's last byte to the answer's last."""

    status: int
    headers: Headers
    body: bytes
    seconds: float

    def json(self) -> Any:
        """The body's JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Client:
    """Sends each request on a connection of its own, with `token`."""

    url: str
    token: str = ""
    headers: Headers = field(default_factory=dict)

    def request(self, method: str, path: str, body: "bytes | Iterator[bytes] | None" = None, **headers: str) -> Answer:
        """Send and read one answer; raises OSError or http.client.HTTPException where there is none."""
        sent = {**self.headers, **{name.replace("_", "-"): content for name, content in headers.items()}}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=PATIENCE)
        try:
            connection.request(method, path, body=body, headers=sent)
            started = time.monotonic()
            response = connection.getresponse()
            content = response.read()
            seconds = time.monotonic() - started
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, content, seconds)
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        """GET below /api/v1."""
        return self.request("GET", f"/api/v1{path}", **headers)

    def delete(self, package_id: int) -> Answer:
        """DELETE a package."""
        return self.request("DELETE", f"/api/v1/packages/{package_id}")

    def download(self, package_id: int, **headers: str) -> Answer:
        """A package's bytes."""
        return self.get(f"/packages/{package_id}/download", **headers)

    def put(self, content: "bytes | Iterator[bytes]", **coordinates: str) -> Answer:
        """Upload raw bytes."""
        at = {"name": unique_name(), "version": "1.0.0", "platform": "linux", "arch": "amd64", **coordinates}
        path = "/".join((at["name"], at["version"], at["platform"], at["arch"], "agent.bin"))
        return self.request("PUT", f"/api/v1/packages/{path}", content)

    def post(self, content: bytes, **fields: str) -> Answer:
        """Upload a form."""
        at = {"name": unique_name(), "version": "1.0.0", "platform": "linux", "arch": "amd64", **fields}
        boundary, body = form(content, at)
        content_type = f"multipart/form-data; boundary={boundary}"
        return self.request("POST", "/api/v1/packages", body, Content_Type=content_type)

    def packages(self) -> list[dict[str, Any]]:
        """The whole listing, page by page."""
        path = "/api/v1/packages?" + urlencode({"limit": 500, "sort": "created_at"})
        listed: list[dict[str, Any]] = []
        while path:
            answer = self.request("GET", path)
            assert answer.status == 200, answer.body
            listed += answer.json()
            path = next_page(answer.headers.get("link", ""))
        return listed


def next_page(link: str) -> str:
    """Path and query of a Link header's next page, "" without one."""
    if 'rel="next"' not in link:
        return ""
    parts = urlsplit(link[link.index("<") + 1 : link.index(">")])
    return f"{parts.path}?{parts.query}"


def form(content: bytes, fields: dict[str, str]) -> tuple[str, bytes]:
    """A multipart form with the file first, as curl sends it: boundary and body."""
    boundary = secrets.token_hex(16)
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="agent.bin"\r\n\r\n'
    parts = [
        f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}'
        for name, text in fields.items()
    ]
    return boundary, head.encode() + content + "".join(parts).encode() + f"\r\n--{boundary}--\r\n".encode()


def unique_name() -> str:
    """A package name that nothing else has."""
    return f"agent-{secrets.token_hex(8)}"


def content_of(size: int) -> bytes:
    """`size` bytes that nothing else has."""
    return random.randbytes(size)


def sha256(content: bytes) -> str:
    """The checksum in hex."""
    return hashlib.sha256(content).hexdigest()
