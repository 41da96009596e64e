"""A small application behind the service's worker: each route does one thing to a request or an answer."""

import hashlib
import io
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask, Response, request

from app.errors import Overloaded, StorageUnavailable, Unauthorized
from app.http import problems
from app.http.body import RequestBody, raw_body
from app.http.downloads.response import Download, send_object
from app.http.forms.form import open_form
from app.http.json_body import read_body
from app.server.serving import LOGIN_QUEUE_FULL
from app.telemetry import request_id
from app.telemetry.metrics import exposition

MAX_SIZE = 1 << 32
TIMEOUT = 3.0
FILE = Path(os.environ["TEST_FILE"])
LENGTH = FILE.stat().st_size
CHECKSUM = hashlib.sha256(FILE.read_bytes()).hexdigest()

app = Flask(__name__)
problems.register(app)
request_id.register(app)


class Opened:
    """A file from a place on, with a descriptor for sendfile or without."""

    def __init__(self, start: int, length: int) -> None:
        self.file = FILE.open("rb", buffering=0)
        self.file.seek(start)
        self.length = length
        self.close = self.file.close

    def read(self, size: int = -1) -> bytes:
        return self.file.read(size)


class WithDescriptor(Opened):
    def fileno(self) -> int:
        return self.file.fileno()


class CutShort(io.BytesIO):
    """Half of an object, and then its end or an error."""

    def __init__(self, length: int, error: Exception | None) -> None:
        super().__init__(FILE.read_bytes()[: length // 2])
        self.length = length
        self.error = error

    def read(self, size: int | None = -1) -> bytes:
        block = super().read(size)
        if not block and self.error:
            raise self.error
        return block


READERS = {
    "sendfile": WithDescriptor,
    "blocks": Opened,
    "short": lambda _, length: CutShort(length, None),
    "broken": lambda _, length: CutShort(length, StorageUnavailable()),
}


@app.get("/file/<kind>")
def download(kind: str) -> Response:
    """Send the test's file; more is promised than there is where the kind is `longer`."""
    size = LENGTH + 1000 if kind == "longer" else LENGTH
    modified = datetime(2026, 1, 1, tzinfo=UTC)
    return send_object(
        Download("a.bin", "application/x-agent", size, CHECKSUM, modified), READERS.get(kind, WithDescriptor)
    )


@app.put("/raw")
def raw() -> dict[str, object]:
    """Read a raw body."""
    return _received(raw_body(request.environ, max_size=MAX_SIZE, timeout=TIMEOUT))


@app.post("/form")
def form() -> dict[str, object]:
    """Read a form with one file."""
    reader = open_form(request.environ, max_file_size=MAX_SIZE, timeout=TIMEOUT)
    file = reader.open_file()
    return {**_received(file.source), "file_name": file.file_name, "fields": reader.finish()}


def _received(source: RequestBody) -> dict[str, object]:
    digest, size = hashlib.sha256(), 0
    block = memoryview(bytearray(1 << 20))
    while count := source.readinto(block):
        digest.update(block[:count])
        size += count
    return {"size": size, "sha256": digest.hexdigest(), "pid": os.getpid()}


@app.get("/metrics")
def metrics() -> bytes:
    """What has been counted."""
    return exposition()


@app.post("/small")
def small() -> dict[str, int]:
    """Read a body at once, as JSON is read."""
    return {"size": len(request.environ["wsgi.input"].read())}


@app.put("/api/v1/packages/<name>")
def package(name: str) -> dict[str, object]:
    """Read a package."""
    return {"name": name, **_received(raw_body(request.environ, max_size=MAX_SIZE, timeout=60))}


@app.post("/api/v1/auth/login")
def login() -> dict[str, int]:
    """Take some time, as a password's hash does, unless there is none to take."""
    size = len(read_body(1 << 20))
    if LOGIN_QUEUE_FULL in request.environ:
        raise Overloaded
    time.sleep(0.3)
    return {"size": size}


@app.get("/busy/<float:seconds>")
def work(seconds: float) -> dict[str, int]:
    """Hold the thread."""
    time.sleep(seconds)
    return {"pid": os.getpid()}


@app.route("/refuse", methods=["GET", "POST", "PUT"])
def refuse() -> Response:
    """Refuse without a look at the body."""
    raise Unauthorized


@app.get("/chunks")
def chunks() -> Response:
    """A body without a known length, with a pause in it."""

    def parts() -> Iterator[bytes]:
        yield b"first "
        time.sleep(1.0)
        yield b"second"

    return Response(parts())


@app.route("/", methods=["GET", "DELETE"])
def hello() -> dict[str, object]:
    """What came of the request."""
    return {"pid": os.getpid(), "scheme": request.scheme, "script": request.environ["SCRIPT_NAME"]}
