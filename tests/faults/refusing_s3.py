"""An S3 that answers every request with one status: what a broken or misconfigured one does."""

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from dev.parts.processes import HOST

CODES = {403: "AccessDenied", 500: "InternalError", 503: "SlowDown", 507: "XMinioStorageFull"}


def handler(status: int, kind: str, document: bytes) -> type[BaseHTTPRequestHandler]:
    """Reads each request, and answers it with the same document of this media type."""

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            left = int(self.headers.get("Content-Length") or 0)
            while left and (block := self.rfile.read(min(left, 1 << 20))):
                left -= len(block)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(document)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(document)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer  # noqa: N815 - the names that the base class calls

        def log_message(self, *_: Any) -> None:
            """Nothing is written to the tests' output."""

    return Answering


class _Server(ThreadingHTTPServer):
    """Ends with its test."""

    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Connections are cut when the fault ends: nothing to tell."""


@contextlib.contextmanager
def answering(status: int, kind: str, document: bytes) -> Iterator[int]:
    """The port of a server that says the same to everybody."""
    server = _Server((HOST, 0), handler(status, kind, document))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join(30)


def refusing_s3(status: int) -> contextlib.AbstractContextManager[int]:
    """The port of an S3 that refuses everything with `status`."""
    document = f"<?xml version='1.0'?><Error><Code>{CODES[status]}</Code><Message>no</Message></Error>"
    return answering(status, "application/xml", document.encode())
