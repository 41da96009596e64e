"""Readers behind a link, as a process of its own: python -m tests.attacks.readers PORT PATH TOKEN COUNT SECONDS.

Prints for each reader how many bytes it got.
"""

import json
import selectors
import socket
import sys
import time

from dev.parts.processes import HOST
from tests.attacks.link import READER
from tests.contract.server.client import head

BLOCK = 1 << 18


def read(port: int, path: str, token: str, count: int, seconds: float) -> list[int]:
    """What each of so many readers gets in that time."""
    got = [0] * count
    with selectors.DefaultSelector() as selector:
        for number in range(count):
            reader = socket.create_connection((HOST, port), 20, source_address=(READER, 0))
            reader.sendall(head("GET", path, f"Authorization: Bearer {token}"))
            reader.setblocking(False)
            selector.register(reader, selectors.EVENT_READ, number)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for key, _ in selector.select(0.1):
                block = key.fileobj.recv(BLOCK)  # type: ignore[union-attr]
                got[key.data] += len(block)
                if not block:
                    selector.unregister(key.fileobj)
    return got


if __name__ == "__main__":
    _, at, what, whose, many, long = sys.argv
    sys.stdout.write(json.dumps(read(int(at), what, whose, int(many), float(long))))
