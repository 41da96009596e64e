"""A server that answers by a script, and notes what it was asked."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from opampkg import api, retry
from opampkg import http as http_module


@dataclass
class Asked:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Server:
    """`answers`: what comes next, each (status, headers, content); the last one stays."""

    url: str = ""
    answers: list[tuple[int, dict[str, str], Any]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def next_answer(self) -> tuple[int, dict[str, str], Any]:
        """The next one."""
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def handler_of(server: Server) -> type[http.server.BaseHTTPRequestHandler]:
    """The handler that answers for it."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            server.asked.append(Asked(self.command, self.path, dict(self.headers), body))
            status, headers, content = server.next_answer()
            sent = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            usual = {"Content-Type": "application/json", "Content-Length": str(len(sent))}
            for name, value in {**usual, **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(sent)
            self.close_connection = int(headers.get("Content-Length", len(sent))) != len(sent)

        do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@pytest.fixture
def make_server() -> Iterator[Any]:
    """Makes servers on free ports."""
    running = []

    def make(*answers: tuple[int, dict[str, str], Any]) -> Server:
        server = Server(answers=list(answers))
        listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler_of(server))
        listener.daemon_threads = True
        threading.Thread(target=listener.serve_forever, args=(0.01,), daemon=True).start()
        running.append(listener)
        server.url = f"http://127.0.0.1:{listener.server_port}"
        return server

    yield make
    for listener in running:
        listener.shutdown()
        listener.server_close()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between tries, which take no time here."""
    taken: list[float] = []

    class Quick(retry.Patience):
        def __init__(self, timeout: float, note: Any) -> None:
            super().__init__(timeout, note, taken.append)

    monkeypatch.setattr(api, "Patience", Quick)
    return taken


@pytest.fixture(autouse=True)
def closed_connections(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test leaves one behind."""
    made: list[http_module.Http] = []
    begin = http_module.Http.__init__

    def noted(each: http_module.Http, *arguments: Any, **options: Any) -> None:
        begin(each, *arguments, **options)
        made.append(each)

    monkeypatch.setattr(http_module.Http, "__init__", noted)
    yield
    for each in made:
        each.close()


PACKAGE = {
    "id": 7,
    "name": "agent",
    "version": "1.0.0",
    "platform": "linux",
    "arch": "amd64",
    "file_name": "agent.bin",
    "file_size": 5,
    "checksum": "0" * 64,
    "new_field": "of a later version",
}


@pytest.fixture
def package() -> dict[str, Any]:
    """A package's JSON, with a field that is not known yet."""
    return dict(PACKAGE)
