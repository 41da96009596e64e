"""What nginx refuses by itself: in the service's form, whatever there is of the request."""

import http.client
import socket

import pytest

from tests.integration.delivery.client import Answer, Client

LONG = "a" * 20_000
REFUSED = {
    "a lower-case method": ("get / HTTP/1.1", (), 400),
    "a method with odd characters": ("G@T / HTTP/1.1", (), 400),
    "no HTTP": ("GARBAGE", (), 400),
    "CONNECT to an address": ("CONNECT example.com:443 HTTP/1.1", (), 400),
    "CONNECT to a path": ("CONNECT / HTTP/1.1", (), 405),
    "TRACE": ("TRACE / HTTP/1.1", (), 405),
    "OPTIONS of everything": ("OPTIONS * HTTP/1.1", (), 400),
    "a NUL in the path": ("GET /%00 HTTP/1.1", (), 400),
    "a path that leaves the root": ("GET /../.. HTTP/1.1", (), 400),
    "HTTP/2.0 in text": ("GET / HTTP/2.0", (), 400),
    "another Transfer-Encoding": ("POST / HTTP/1.1", ("Transfer-Encoding: gzip",), 400),
    "several Transfer-Encodings": ("POST / HTTP/1.1", ("Transfer-Encoding: gzip, chunked",), 400),
    "two lengths": ("POST / HTTP/1.1", ("Content-Length: 1", "Content-Length: 2"), 400),
    "two hosts": ("GET / HTTP/1.1", ("Host: y",), 400),
    "a long request line": (f"GET /{LONG} HTTP/1.1", (), 414),
    "a long header": ("GET / HTTP/1.1", (f"A: {LONG}",), 431),
    "a long body": ("POST / HTTP/1.1", ("Content-Length: 9999999",), 413),
    "nginx's own paths": ("GET /_refused/400 HTTP/1.1", (), 404),
    "two slashes": ("GET //metrics HTTP/1.1", (), 404),
}
"""Request line, headers beside Host, and the status."""


def asked(address: str, request_line: str, headers: tuple[str, ...]) -> Answer:
    """The answer to a head that no client library would send."""
    head = "\r\n".join([request_line, "Host: x", *headers, "", ""]).encode()
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as client:
        client.sendall(head)
        response = http.client.HTTPResponse(client)
        response.begin()
        return Answer(response.status, response.headers, response.read())


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_of_nginx(through_nginx: Client, name: str) -> None:
    """A problem with a 4xx and the request's id, and no page of HTML."""
    request_line, headers, status = REFUSED[name]
    answer = asked(through_nginx.address, request_line, headers)
    assert answer.is_problem(status), (answer.status, answer.body)
    assert (status == 405) == ("Allow" in answer.headers)


def test_the_clients_id(through_nginx: Client) -> None:
    """It is the answer's, if it can be one."""
    for offered, is_taken in (("mine-1", True), ("a" * 65, False), ('"}', False)):
        answer = through_nginx.get("//metrics", X_Request_ID=offered)
        assert answer.is_problem(404)
        assert (answer.headers["X-Request-ID"] == offered) == is_taken


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/api/v1/packages", 405)])
def test_the_services_answers_stay(through_nginx: Client, method: str, path: str, status: int) -> None:
    """nginx has the same statuses, and puts none of its own answers in their place."""
    answer = through_nginx.ask(method, path)
    assert answer.is_problem(status)
    assert "proxy" not in answer.json()["detail"]
    assert answer.json()["detail"] != "There is nothing here."
