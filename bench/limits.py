"""The least that can stand between a client and MinIO, in Python: what of our cost is the way's and not ours.

No HTTP towards the client, no database, no checks: only the bytes, in the service's own manner and sizes.
"""

import fcntl
import hashlib
import multiprocessing
import os
import queue
import select
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

from app.http.forms.memmem import find
from app.loopback import send_at_once
from app.server.pipe import SIZE as PIPE_SIZE
from app.storage.s3.connection import SPLICE_LOW_WATER, SPLICE_MAX_WAIT
from app.storage.s3.multipart import BUFFER_COUNT, PART_SIZE, READ_SIZE, SENDERS
from app.storage.s3.request import Crc32c
from bench.client import BOUNDARY, Target, answer_head, content_length, download, upload_raw
from bench.measure import Result, pairs
from bench.site import BUCKET, Site

KEY = "limits/object"
DELIMITER = b"\r\n--" + BOUNDARY.encode()


def limits(site: Site, file: Path, rounds: int) -> Iterator[Result]:
    """An upload that is hashed, checked and sent in parts, and a download that the kernel hands over."""
    size = file.stat().st_size
    upload_id = site.client()._create_multipart_upload(BUCKET, KEY, {})  # noqa: SLF001 - minio has no public way
    count = -(-size // PART_SIZE)
    parts = [_part(site, upload_id, number) for number in range(1, count + 1)]
    for name, wanted in (("bare upload", b""), ("bare upload with a search", DELIMITER)):
        with _Relay(lambda client, wanted=wanted: _receive(client, size, parts, wanted)) as relay:  # type: ignore[misc]
            yield pairs(
                f"limit: {name}, {size >> 20} MiB",
                size,
                lambda relay=relay: relay.upload(file),  # type: ignore[misc]
                lambda: upload_raw(site.direct_put(KEY), file),
                rounds=rounds,
                pids=[relay.pid],
                tidy=site.clean,
            )
    site.client()._abort_multipart_upload(BUCKET, KEY, upload_id)  # noqa: SLF001
    direct = site.direct_get(KEY)
    with _Relay(lambda client: _splice(client, direct)) as relay:
        yield pairs(
            f"limit: bare download, {size >> 20} MiB",
            size,
            relay.download,
            lambda: download(direct),
            rounds=rounds,
            pids=[relay.pid],
        )
    site.clean(KEY)


class _Relay:
    """A process of its own that serves one client after the other with `serve`."""

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._process = multiprocessing.get_context("fork").Process(target=self._run, args=(serve,), daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join()
        self._listener.close()

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    def upload(self, file: Path) -> None:
        with socket.create_connection(self._listener.getsockname()) as client, file.open("rb") as content:
            client.sendfile(content)
            if client.recv(1) != b"+":
                raise ConnectionError("the bare upload failed")

    def download(self) -> None:
        with socket.create_connection(self._listener.getsockname()) as client:
            buffer = bytearray(1 << 20)
            while client.recv_into(buffer):
                pass

    def _run(self, serve: Callable[[socket.socket], None]) -> None:
        while True:
            client, _ = self._listener.accept()
            with client:
                send_at_once(client)
                serve(client)


def _part(site: Site, upload_id: str, number: int) -> Target:
    query = {"partNumber": str(number), "uploadId": upload_id}
    return Target(site.client().get_presigned_url("PUT", BUCKET, KEY, extra_query_params=query))


def _receive(client: socket.socket, size: int, targets: list[Target], wanted: bytes) -> None:
    parts: queue.SimpleQueue[tuple[Target, memoryview] | None] = queue.SimpleQueue()
    free: queue.SimpleQueue[bytearray] = queue.SimpleQueue()
    for _ in range(BUFFER_COUNT):
        free.put(bytearray(PART_SIZE))
    senders = [threading.Thread(target=_send_parts, args=(parts, free)) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    digest, left = hashlib.sha256(), size
    for target in targets:
        part = memoryview(free.get())[: min(PART_SIZE, left)]
        checksum, filled = Crc32c(), 0
        while filled < len(part):
            count = client.recv_into(part[filled : filled + READ_SIZE], 0, socket.MSG_WAITALL)
            if wanted and find(wanted, part[filled : filled + count]) >= 0:
                raise ValueError("the random file holds the delimiter")
            digest.update(part[filled : filled + count])
            checksum.update(part[filled : filled + count])
            filled += count
        left -= filled
        parts.put((target, part))
    for _ in senders:
        parts.put(None)
    for sender in senders:
        sender.join()
    client.sendall(b"+")


def _send_parts(
    parts: "queue.SimpleQueue[tuple[Target, memoryview] | None]", free: "queue.SimpleQueue[bytearray]"
) -> None:
    connection: socket.socket | None = None
    while (task := parts.get()) is not None:
        target, part = task
        connection = connection or _connected(target)
        connection.sendall(target.head("PUT", f"Content-Length: {len(part)}\r\n"))
        connection.sendall(part)
        head, _ = answer_head(connection)
        if not head.startswith(b"HTTP/1.1 200"):
            raise ConnectionError(f"MinIO answered {head[:80]!r}")
        free.put(part.obj)  # type: ignore[arg-type]  # the bytearray that the view is of
    if connection is not None:
        connection.close()


def _connected(target: Target) -> socket.socket:
    connection = socket.create_connection(target.address)
    send_at_once(connection)
    return connection


def _splice(client: socket.socket, target: Target) -> None:
    source, pipe = os.pipe()
    fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
    with _connected(target) as storage:
        storage.sendall(target.head("GET"))
        head, early = answer_head(storage)
        client.sendall(early)
        left = content_length(head) - len(early)
        poller = select.poll()
        poller.register(storage, select.POLLIN)
        while left:
            storage.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, min(SPLICE_LOW_WATER, left))
            poller.poll(SPLICE_MAX_WAIT * 1000)
            held = os.splice(storage.fileno(), pipe, min(PIPE_SIZE, left))
            left -= held
            while held:
                held -= os.splice(source, client.fileno(), held)
    os.close(source)
    os.close(pipe)
