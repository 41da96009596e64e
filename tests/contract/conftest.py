"""Bad input sent by bare sockets to the real service; after each test it is as if nothing had come."""

from collections.abc import Iterator

import pytest

from dev.parts import processes
from tests.contract.server.client import Client, Reply, head
from tests.faults.audit import query
from tests.faults.site import Site

STATE = "SELECT (SELECT count(*) FROM packages), (SELECT count(*) FROM objects WHERE state IN ('writing', 'doomed'))"


class Sender:
    """Sends requests with a token of the role admin, each on a connection of its own."""

    def __init__(self, site: Site) -> None:
        self.port = site.service.port
        self.authorization = f"Authorization: Bearer {site.tokens['admin']}"

    def send(self, method: str, path: str, *lines: str, body: bytes = b"", token: bool = True) -> Reply:
        """One request and its answer."""
        with Client(self.port) as client:
            return client.request(method, path, *([self.authorization] if token else []), *lines, body=body)

    def upload(self, content_type: str, body: bytes) -> Reply:
        """POST a form as it is."""
        return self.send("POST", "/api/v1/packages", content_type, f"Content-Length: {len(body)}", body=body)

    def begin(self, method: str, path: str, *lines: str, body: bytes = b"") -> Client:
        """Send a request without waiting for its answer."""
        client = Client(self.port)
        client.send(head(method, path, self.authorization, *lines) + body)
        return client


@pytest.fixture
def sender(site: Site) -> Iterator[Sender]:
    """Sends; at the end nothing is published, nothing is left in storage, and the service is well."""
    before = query(site, STATE)
    made = Sender(site)
    yield made
    processes.wait_until(lambda: query(site, STATE) == before, "The state before the bad input", 10)
    assert made.send("GET", "/health/ready").status == 200
