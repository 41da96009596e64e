"""An S3 that answers what a script says."""

import contextlib
import socket
import threading
from collections.abc import Iterator, Sequence

from app.storage.s3.account import S3Account
from app.storage.s3.client import S3Client
from tests import threads

HEAD = b'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Length: 5\r\n\r\n'
"""Of an answer with a body of 5 bytes."""

Script = Sequence[bytes | float]


class Server:
    """Answers requests with the pieces of `script`, in turn; an empty one ends the connection, a number is a pause."""

    def __init__(self, script: list[Script]) -> None:
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._given_up = threading.Event()
        self.connections = 0
        self.requests: list[bytes] = []

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def serve(self) -> None:
        with contextlib.suppress(OSError):
            while self._script:
                connection, _ = self._listener.accept()
                self.connections += 1
                with connection:
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        while self._script and (request := connection.recv(1 << 16)):
            self.requests.append(request)
            for piece in self._script.pop(0):
                if not piece or self._given_up.is_set():
                    return
                if isinstance(piece, float):
                    self._given_up.wait(piece)
                else:
                    connection.sendall(piece)

    def give_up(self) -> None:
        """End the script that is being served."""
        self._given_up.set()

    def close(self) -> None:
        # Closing alone would not end an accept() that waits.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@contextlib.contextmanager
def serving(*script: Script) -> Iterator[tuple[S3Client, Server]]:
    """A client of a server that has this script."""
    server = Server(list(script))
    serving = threads.start(server.serve)
    client = S3Client(S3Account(server.endpoint, "access", "secret", "bucket"))
    try:
        yield client, server
    finally:
        client.close()
        server.close()
        threads.join(serving, 10)
