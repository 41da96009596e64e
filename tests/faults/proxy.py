"""A TCP proxy that stands between the service and PostgreSQL or the S3, and does to them what networks do."""

import contextlib
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

from dev.parts.processes import HOST

BLOCK = 1 << 18
PATIENCE = 600.0
"""Seconds for which nothing comes through at most; longer than any fault."""
RESET = struct.pack("ii", 1, 0)

Watch = Callable[[bytes], bool]
"""Told of every block that a client sends, before it goes on; False: no answer comes back on this connection."""


class Link:
    """One connection of a client and its counterpart."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client = client
        self.server = server
        self.answers = True
        self.is_over = False

    def hang_up(self) -> None:
        """Reset the client and take no more of what it has sent; what was handed on before arrives."""
        self.is_over = True
        _reset(self.client)

    def cut(self) -> None:
        """Reset both ends; their threads then see it."""
        for end in (self.client, self.server):
            _reset(end)

    def close(self) -> None:
        """Give both sockets back."""
        self.client.close()
        self.server.close()


def _reset(end: socket.socket) -> None:
    """Wake the thread that waits for it, whose close is a reset: else a sender goes on against a window of 0."""
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        end.shutdown(socket.SHUT_RDWR)


class Proxy:
    """Passes bytes to `upstream` until it is told otherwise. Its address stays the same through all faults."""

    def __init__(self, upstream: tuple[str, int]) -> None:
        self.upstream = upstream
        self._open = threading.Event()
        self._open.set()
        self.delay = 0.0
        """Seconds that each block waits, either way."""
        self.watch: Watch = lambda _: True
        self._links: set[Link] = set()
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self.port = 0
        self._listen(backlog=256)

    @property
    def address(self) -> str:
        """host:port for clients."""
        return f"{HOST}:{self.port}"

    def cut(self) -> None:
        """Reset every connection there is; new ones are taken."""
        with self._lock:
            links = list(self._links)
        for link in links:
            link.cut()

    @contextlib.contextmanager
    def leading_to(self, port: int) -> Iterator[None]:
        """Another server answers at this address."""
        before, self.upstream = self.upstream, (HOST, port)
        self.cut()
        try:
            yield
        finally:
            self.upstream = before
            self.cut()

    @contextlib.contextmanager
    def refusing(self) -> Iterator[None]:
        """Nothing listens, and what was connected is reset."""
        self._close()
        self.cut()
        try:
            yield
        finally:
            self._listen(backlog=256)

    @contextlib.contextmanager
    def swallowing(self) -> Iterator[None]:
        """Connections stand and are taken, and nothing comes through any more."""
        self._open.clear()
        try:
            yield
        finally:
            self._open.set()

    @contextlib.contextmanager
    def blackholed(self) -> Iterator[None]:
        """Packets vanish: no new connection is answered at all, and nothing comes through the old ones."""
        self._close()
        hole = socket.create_server((HOST, self.port), backlog=0)
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect((HOST, self.port))
        time.sleep(0.05)
        try:
            with self.swallowing():
                yield
        finally:
            for each in (*fillers, hole):
                each.close()
            self._listen(backlog=256)

    def close(self) -> None:
        """Stop listening and end all connections."""
        self._close()
        self._open.set()
        self.cut()

    def _listen(self, backlog: int) -> None:
        self._listener = socket.create_server((HOST, self.port), backlog=backlog)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _close(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        self._open.wait(PATIENCE)
        try:
            server = socket.create_connection(self.upstream, timeout=5)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link = Link(client, server)
        with self._lock:
            self._links.add(link)
        try:
            self._carry(link)
        finally:
            with self._lock:
                self._links.discard(link)
            link.close()

    def _carry(self, link: Link) -> None:
        """Pass blocks on until either end is gone; a half-closed end closes both, as none of ours half-closes."""
        poller = select.poll()
        poller.register(link.client, select.POLLIN)
        poller.register(link.server, select.POLLIN)
        with contextlib.suppress(OSError):
            while True:
                for descriptor, _ in poller.poll():
                    if link.is_over:
                        return
                    from_client = descriptor == link.client.fileno()
                    block = (link.client if from_client else link.server).recv(BLOCK)
                    if not block:
                        return
                    self._pass_on(link, block, from_client=from_client)

    def _pass_on(self, link: Link, block: bytes, *, from_client: bool) -> None:
        self._open.wait(PATIENCE)
        if self.delay:
            time.sleep(self.delay)
        if from_client:
            link.answers &= self.watch(block)
            link.server.sendall(block)
        elif link.answers:
            link.client.sendall(block)


@contextlib.contextmanager
def proxying(port: int) -> Iterator[Proxy]:
    """A proxy to `port` of this machine."""
    proxy = Proxy((HOST, port))
    try:
        yield proxy
    finally:
        proxy.close()
