"""The account of a request and its answer, closed at the answer's end."""

import io
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, Response, g, request, send_file

from app.http import problems
from app.telemetry import exchange
from app.telemetry.exchange import Exchange


@pytest.fixture
def ended() -> list[Exchange]:
    """The exchanges that have ended."""
    return []


@pytest.fixture
def app(ended: list[Exchange]) -> Flask:
    """An app that is watched."""
    app = Flask(__name__)
    problems.register(app)
    exchange.on_end(app, ended.append)
    return app


@pytest.fixture
def serve(app: Flask) -> Callable[..., Any]:
    """Serves a function at /thing/<name>; returns a client."""

    def at(view: Callable[..., Any], **options: Any) -> Any:
        app.add_url_rule("/thing/<name>", "thing", lambda **_: view(), **options)
        return app.test_client()

    return at


def test_fields(serve: Callable[..., Any], ended: list[Exchange]) -> None:
    """The account has the template of the route and never the path or the query."""

    def view() -> tuple[str, int]:
        g.caller = SimpleNamespace(username="anna")
        return "12345", 201

    with serve(view, methods=["POST"]).post("/thing/secret?token=secret", data=b"abc"):
        pass
    (one,) = ended
    assert (one.method, one.route, one.status, one.user) == ("POST", "/thing/<name>", 201, "anna")
    assert (one.bytes_in, one.bytes_out) == (3, 5)
    assert one.address == "127.0.0.1"
    assert one.seconds > 0
    assert "secret" not in repr(one)


def test_ends_with_the_body(serve: Callable[..., Any], ended: list[Exchange]) -> None:
    """A streamed answer's account is closed when the body is, with the bytes that were taken."""

    def view() -> Response:
        return Response(iter([b"1234", b"56", b"never sent"]))

    response = serve(view).get("/thing/x", buffered=False)
    blocks = response.iter_encoded()
    assert (next(blocks), next(blocks)) == (b"1234", b"56")
    assert ended == []
    response.close()
    assert [one.bytes_out for one in ended] == [6]


def test_closes_the_body(serve: Callable[..., Any], ended: list[Exchange]) -> None:
    """A body that is counted is still closed, as it may hold a connection."""
    closed = []

    def body() -> Iterator[bytes]:
        try:
            yield b"1"
            yield b"2"
        finally:
            closed.append(True)

    response = serve(lambda: Response(body())).get("/thing/x", buffered=False)
    next(response.iter_encoded())
    response.close()
    assert closed == [True]


def test_body_for_the_server(serve: Callable[..., Any], ended: list[Exchange]) -> None:
    """A body that the server sends in its own way stays what it is, and its account is closed with it."""
    wrappers = []

    class Wrapper:
        def __init__(self, file: io.BytesIO, _size: int = 0) -> None:
            self.file = file
            wrappers.append(self)

        def __iter__(self) -> Iterator[bytes]:
            yield self.file.read()

        def close(self) -> None:
            self.file.close()

    def view() -> Response:
        response = send_file(io.BytesIO(b"12345"), download_name="x")
        response.content_length = 5
        return response

    client = serve(view)
    environ = {"wsgi.file_wrapper": Wrapper}
    body = client.application.wsgi_app(
        client.application.test_request_context("/thing/x").request.environ | environ, lambda *_: None
    )
    assert body is wrappers[0]
    assert ended == []
    body.close()
    assert [one.bytes_out for one in ended] == [5]
    assert wrappers[0].file.closed


def test_bytes_that_others_counted(serve: Callable[..., Any], ended: list[Exchange]) -> None:
    """What those who move the bytes have counted holds, not what headers say."""

    class Input(io.BytesIO):
        received = 7

    def view() -> str:
        request.environ["wsgi.input"] = Input()
        request.environ[exchange.BYTES_OUT] = 8
        return "123"

    with serve(view, methods=["POST"]).post("/thing/x", data=b"abc"):
        pass
    assert (ended[0].bytes_in, ended[0].bytes_out) == (7, 8)


def test_claimed_length_of_unread_body(serve: Callable[..., Any], ended: list[Exchange]) -> None:
    """A large body that nobody read is not counted as read."""
    with serve(lambda: "", methods=["POST"]).post("/thing/x", headers={"Content-Length": "5000000"}):
        pass
    assert ended[0].bytes_in == 0


@pytest.mark.parametrize(("method", "told"), [("HEAD", "HEAD"), ("BREW", "other"), ("GET", "GET")])
def test_methods_are_few(serve: Callable[..., Any], ended: list[Exchange], method: str, told: str) -> None:
    """A method that nobody knows is `other`; HEAD sends no bytes."""
    with serve(lambda: "12345", methods=["GET", "BREW"]).open("/thing/x", method=method):
        pass
    assert (ended[0].method, ended[0].bytes_out) == (told, 0 if method == "HEAD" else 5)


@pytest.mark.parametrize(("path", "method", "status"), [("/nowhere/4711", "GET", 404), ("/thing/x", "PUT", 405)])
def test_unmatched(serve: Callable[..., Any], ended: list[Exchange], path: str, method: str, status: int) -> None:
    """What no route takes has the one route `unmatched`."""
    with serve(lambda: "").open(path, method=method):
        pass
    assert (ended[0].route, ended[0].status) == ("unmatched", status)


def test_broken_handler(serve: Callable[..., Any], ended: list[Exchange]) -> None:
    """A handler that breaks has its account too."""
    with serve(lambda: 1 // 0).get("/thing/x"):
        pass
    assert ended[0].status == 500


def test_broken_observer(
    app: Flask, serve: Callable[..., Any], ended: list[Exchange], caplog: pytest.LogCaptureFixture
) -> None:
    """An observer that breaks neither ends the answer nor keeps others from it."""

    def broken(_: Exchange) -> None:
        raise ZeroDivisionError

    app.extensions[exchange.EXTENSION].insert(0, broken)
    with serve(lambda: "").get("/thing/x") as response:
        assert response.status_code == 200
    assert len(ended) == 1
    assert "ZeroDivisionError" in caplog.text
