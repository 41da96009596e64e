"""Refusals that the application never sees are in the access log and in the metrics."""

import json
from typing import Any

import pytest

from dev.parts.processes import wait_until
from tests.contract.server.client import head
from tests.contract.server.conftest import Server

REFUSED = {
    "head": (b"get /secret HTTP/1.1\r\nHost: a\r\nX-Request-ID: %s\r\n\r\n", "other", 400),
    "long-path": (head("GET", "/secret" + "x" * 8190, "X-Request-ID: %s"), "GET", 414),
    "silent-head": (b"PUT /secret HTTP/1.1\r\nX-Request-ID: %s\r\n", "PUT", 408),
    "silent-body": (head("POST", "/small?secret", "Content-Length: 9", "X-Request-ID: %s") + b"secret", "POST", 408),
    "chunk": (head("POST", "/small?secret", "Transfer-Encoding: chunked", "X-Request-ID: %s") + b"z\r\n", "POST", 400),
}


def lines(server: Server, request_id: str) -> list[dict[str, Any]]:
    """What the access log has of this request."""
    return [json.loads(line) for line in server.log.read_text().splitlines() if f'"{request_id}"' in line]


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_has_its_line(server: Server, name: str) -> None:
    """One, with status, method and address, how long it took, and nothing else that the client has sent."""
    request, method, status = REFUSED[name]
    request_id = f"noted-{name}"
    with server.connect() as client:
        client.send(request % request_id.encode())
        reply = client.read()
        reply.assert_problem(status)
    wait_until(lambda: bool(lines(server, request_id)), "the line")
    (line,) = lines(server, request_id)
    assert "secret" not in json.dumps(line)
    assert (line["logger"], line["status"], line["method"]) == ("app.requests", status, method)
    assert (line["route"], line["address"], line["user"]) == ("unmatched", "127.0.0.1", None)
    assert line["bytes_out"] == len(reply.body)
    assert (line["duration_ms"] > 500) == (status == 408)


def test_a_refusal_is_counted(server: Server) -> None:
    """As an answer to what no route takes."""
    label = 'opamp_packages_http_requests_total{method="GET",route="unmatched",status="431"}'

    def counted() -> float:
        with server.connect() as client:
            text = client.get("/metrics").body.decode()
        return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(label))

    before = counted()
    with server.connect() as client:
        client.send(head("GET", "/", "X-Long: " + "x" * 8191))
        assert client.read().status == 431
    wait_until(lambda: counted() == before + 1, "the count")


def test_a_refusal_behind_an_answer(server: Server) -> None:
    """What follows a good request at once and is none is answered by itself."""
    with server.connect() as client:
        client.send(head("GET", "/") + b"nonsense\r\n\r\n")
        assert client.read().status == 200
        client.read().assert_problem(400)
