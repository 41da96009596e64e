"""Small servers that misbehave on purpose, on free ports of 127.0.0.1."""

import contextlib
import functools
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from tests import threads

PATIENCE = 60.0
"""Seconds for which one of them waits for a byte."""

Behaviour = Callable[[socket.socket], None]


@contextlib.contextmanager
def serving(behaviour: Behaviour) -> Iterator[str]:
    """Run `behaviour` on each connection in a thread of its own; gives host:port."""
    listener = socket.create_server(("127.0.0.1", 0))
    serving: list[threading.Thread] = []
    connections: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connections.append(connection)
            serving.extend(threads.start(functools.partial(_run, behaviour, connection)))

    acceptor = threads.start(accept)
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        threads.join(acceptor)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        threads.join(serving)


def swallow(connection: socket.socket) -> None:
    """Take everything and answer nothing."""
    while connection.recv(65536):
        pass


def answering(status: int, code: str) -> Behaviour:
    """An S3 that answers each request with the same error."""
    body = f"<Error><Code>{code}</Code><Message>a message with host names</Message></Error>"
    answer = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n"

    def answer_all(connection: socket.socket) -> None:
        while head := _read_head(connection):
            _read_body(connection, head)
            connection.sendall((answer if head.startswith(b"HEAD") else answer + body).encode())

    return answer_all


@contextlib.contextmanager
def _passing_on(connection: socket.socket, upstream: str, after: int) -> Iterator[socket.socket]:
    """A connection to `upstream` for the block, once `after` bytes of its answers are passed on; requests go on."""
    host, _, port = upstream.partition(":")
    with socket.create_connection((host, int(port)), PATIENCE) as server:
        threads.start(functools.partial(_pump, connection, server))
        left = after
        while left and (block := server.recv(min(left, 65536))):
            connection.sendall(block)
            left -= len(block)
        yield server


def cutting(upstream: str, after: int) -> Behaviour:
    """A proxy to `upstream` that closes when it has passed on `after` bytes of answers."""

    def proxy(connection: socket.socket) -> None:
        with _passing_on(connection, upstream, after) as server:
            for each in (server, connection):
                each.shutdown(socket.SHUT_RDWR)

    return proxy


def stalling(upstream: str, after: int, until: threading.Event) -> Behaviour:
    """A proxy to `upstream` that passes on `after` bytes of answers, and no more before `until` is set."""

    def proxy(connection: socket.socket) -> None:
        with _passing_on(connection, upstream, after):
            until.wait(30)

    return proxy


def encrypted(upstream: str, certificate: Path, key: Path) -> Behaviour:
    """`upstream` by TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def proxy(connection: socket.socket) -> None:
        host, _, port = upstream.partition(":")
        with (
            context.wrap_socket(connection, server_side=True) as client,
            socket.create_connection((host, int(port)), PATIENCE) as server,
        ):
            _relay(client, server)

    return proxy


def _relay(client: ssl.SSLSocket, server: socket.socket) -> None:
    """One thread for both ways, as two may not use a TLS socket at once."""
    while True:
        ready = [client] if client.pending() else select.select([client, server], [], [], PATIENCE)[0]
        if not ready:
            return
        for source, target in ((client, server), (server, client)):
            if source in ready:
                block = source.recv(65536)
                if not block:
                    return
                target.sendall(block)


def _run(behaviour: Behaviour, connection: socket.socket) -> None:
    with connection, contextlib.suppress(OSError):
        behaviour(connection)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while block := source.recv(65536):
            target.sendall(block)
        # Or the upstream, which keeps connections for the next request, and so the other way, would never end.
        target.shutdown(socket.SHUT_WR)


def _read_head(connection: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head:
        byte = connection.recv(1)
        if not byte:
            return b""
        head += byte
    return head


def _read_body(connection: socket.socket, head: bytes) -> None:
    lengths = [line.split(b":")[1] for line in head.lower().splitlines() if line.startswith(b"content-length:")]
    left = int(lengths[0]) if lengths else 0
    while left and (block := connection.recv(min(left, 65536))):
        left -= len(block)


def saying(response: bytes) -> Behaviour:
    """Answers each request with these bytes; to HEAD with the head alone."""
    response_head = response.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"

    def say(connection: socket.socket) -> None:
        while head := _read_head(connection):
            _read_body(connection, head)
            connection.sendall(response_head if head.startswith(b"HEAD") else response)

    return say


class Gateway:
    """A proxy to `upstream`; while `answer` gives bytes for a request's head, these are sent in its place.

    One request a connection: what it passes on says `Connection: close`.
    """

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.answer: Callable[[bytes], bytes | None] = lambda _: None

    def __call__(self, connection: socket.socket) -> None:
        while head := _read_head(connection):
            answer = self.answer(head)
            if answer is None:
                self._pass_on(connection, head)
                return
            _read_body(connection, head)
            connection.sendall(answer)

    def _pass_on(self, connection: socket.socket, head: bytes) -> None:
        host, _, port = self.upstream.partition(":")
        with socket.create_connection((host, int(port)), PATIENCE) as server:
            server.sendall(head.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
            pump = threads.start(functools.partial(_pump, connection, server))
            while block := server.recv(65536):
                connection.sendall(block)
            connection.shutdown(socket.SHUT_RDWR)
            threads.join(pump)
