"""Many small requests over kept connections, from a process of their own: wrk, or this program.

wrk leaves the two cores to what is measured; this, which reads its order as JSON, takes a third of them.
"""

import json
import re
import selectors
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Sequence

from bench.client import Target, content_length
from dev.checkout import PROJECT, PYTHON

CONNECTIONS = 16
CLIENT = "wrk" if shutil.which("wrk") else "bench.load"
"""Who asks."""


def rate(target: Target, seconds: float, connections: int = CONNECTIONS) -> float:
    """Requests per second that `target` answers on so many kept connections."""
    if CLIENT == "wrk":
        return _wrk(target, seconds, connections)
    order = {"url": target.url, "headers": target.headers, "seconds": seconds, "connections": connections}
    command: Sequence[str] = [PYTHON, "-m", "bench.load"]
    ended = subprocess.run(command, input=json.dumps(order), capture_output=True, text=True, check=True, cwd=PROJECT)
    return float(ended.stdout)


def _wrk(target: Target, seconds: float, connections: int) -> float:
    headers = [part for line in target.headers.splitlines() for part in ("-H", line)]
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", *headers, target.url]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate = re.search(r"Requests/sec: +([0-9.]+)", told)
    if rate is None or "Non-2xx" in told or "Socket errors" in told:
        raise ConnectionError(told)
    return float(rate[1])


class Caller:
    """One connection that asks again as soon as it has its answer."""

    def __init__(self, target: Target) -> None:
        self.socket = socket.create_connection(target.address)
        self.request = target.head("GET")
        self.answers = 0
        self._received = b""
        self._left = 0
        self.socket.sendall(self.request)

    def receive(self) -> None:
        """Take what has come; ask again if that was the answer's end."""
        block = self.socket.recv(1 << 18)
        if not block:
            raise ConnectionError("the server closed a kept connection")
        if not self._left:
            self._received += block
            head, end, body = self._received.partition(b"\r\n\r\n")
            if not end:
                return
            if b" 200" not in head[:13]:
                raise ConnectionError(head.decode("latin-1"))
            self._received, self._left = b"", content_length(head) - len(body)
        else:
            self._left -= len(block)
        if not self._left:
            self.answers += 1
            self.socket.sendall(self.request)


def call_for(target: Target, seconds: float, connections: int) -> float:
    """The rate, measured in this process."""
    callers = [Caller(target) for _ in range(connections)]
    with selectors.DefaultSelector() as selector:
        for caller in callers:
            selector.register(caller.socket, selectors.EVENT_READ, caller)
        started = time.perf_counter()
        while time.perf_counter() - started < seconds:
            for key, _ in selector.select(1):
                key.data.receive()
        lasted = time.perf_counter() - started
    return sum(caller.answers for caller in callers) / lasted


if __name__ == "__main__":
    order = json.load(sys.stdin)
    print(call_for(Target(order["url"], order["headers"]), order["seconds"], order["connections"]))
