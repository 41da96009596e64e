"""Large files up and down, next to the same bytes straight to and from MinIO."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench import machine, pieces
from bench.client import Target as Address
from bench.client import download, upload_form, upload_raw
from bench.measure import Result, Target, pairs
from bench.site import BUCKET, Site

FIELDS = {"name": "bench", "version": "0.0.1", "platform": "linux", "arch": "amd64"}
DIRECT_KEY = "direct/object"
AT_ONCE = 4

UPLOAD = Target(ratio=0.75, cpu=2.5)
DOWNLOAD = {
    ("stream", 1): Target(0.80, 0.6),
    ("stream", AT_ONCE): Target(0.7),
    ("redirect", 1): Target(0.95),
    ("accel", 1): Target(0.95),
}
"""What is asked, by delivery mode and streams at once."""


def uploads(site: Site, file: Path, rounds: int, *, counts: bool) -> Iterator[Result]:
    """Both ways of uploading; `counts`: the targets are for this size."""
    form = site.target("/api/v1/packages")
    raw = site.target("/api/v1/packages/bench/0.0.1/linux/amd64/agent.bin")
    ways: dict[str, Callable[[], bytes]] = {
        "upload, multipart": lambda: upload_form(form, file, FIELDS),
        "upload, raw PUT": lambda: upload_raw(raw, file),
    }
    for name, send in ways.items():
        yield _uploading(site, name, file, send, rounds, UPLOAD if counts else Target())


def _uploading(site: Site, name: str, file: Path, send: Callable[[], bytes], rounds: int, target: Target) -> Result:
    published: list[object] = []

    def tidy() -> None:
        site.clean(DIRECT_KEY)
        while published:
            site.remove(published.pop())
        site.clean()

    return pairs(
        f"{name}, {_mib(file)}",
        file.stat().st_size,
        lambda: published.append(json.loads(send())["id"]),
        lambda: upload_raw(site.direct_put(DIRECT_KEY), file),
        rounds=rounds,
        pids=site.service.workers(),
        tidy=tidy,
        target=target,
    )


def downloads(site: Site, file: Path, rounds: int, *, counts: bool) -> Iterator[Result]:
    """All delivery modes, one stream and four; `counts`: the targets are for this size."""
    package = site.publish(file, "0.0.2")
    path = f"/api/v1/packages/{package['id']}/download"
    direct = site.direct_get(str(package["storage_path"]).removeprefix(f"{BUCKET}/"))
    size = file.stat().st_size
    for delivery, service in site.services.items():
        url = site.front if delivery == "accel" else service.url
        if url is None:
            continue
        ours = site.target(path, url)
        base = dataclasses.replace(direct, via=site.proxy) if delivery == "accel" else direct
        for at_once in (1, AT_ONCE):
            yield pairs(
                f"download, {delivery}{f', {at_once} at once' if at_once > 1 else ''}, {_mib(file)}",
                size * at_once,
                lambda ours=ours, at_once=at_once: _all(ours, size, at_once),
                lambda base=base, at_once=at_once: _all(base, size, at_once),
                rounds=rounds,
                pids=service.workers(),
                target=DOWNLOAD.get((delivery, at_once), Target()) if counts else Target(),
            )
    site.remove(package["id"])
    site.clean()


def _all(address: Address, size: int, at_once: int) -> None:
    with ThreadPoolExecutor(at_once) as threads:
        for received in threads.map(download, [address] * at_once):
            if received != size:
                raise ConnectionError(f"{received} bytes came instead of {size}")


def memory(site: Site, file: Path) -> Iterator[Result]:
    """How far the worker that grows most goes above its size before any large stream, once it has served small ones."""
    small = file.with_name("warm.bin")
    small.write_bytes(bytes(1 << 20))
    for _ in range(16):
        warm = site.publish(small, "0.0.6")
        download(site.target(f"/api/v1/packages/{warm['id']}/download"))
        site.remove(warm["id"])
    idle = {pid: machine.forget_peak(pid) for pid in site.service.workers()}
    package = site.publish(file, "0.0.3")
    path = site.target(f"/api/v1/packages/{package['id']}/download")
    put = site.target("/api/v1/packages/bench/0.0.4/linux/amd64/agent.bin")
    form = site.target("/api/v1/packages")

    def upload(send: Callable[[], bytes]) -> None:
        site.remove(json.loads(send())["id"])

    ways: dict[str, tuple[Callable[[], object], float]] = {
        "memory, upload, one PATCH": (lambda: upload(lambda: pieces.whole(site, file, "0.0.5")), 40),
        "memory, upload, 1 MiB pieces": (lambda: upload(lambda: pieces.whole(site, file, "0.0.5", 1 << 20)), 40),
        "memory, upload, raw PUT": (lambda: upload(lambda: upload_raw(put, file)), 40),
        "memory, upload, multipart": (lambda: upload(lambda: upload_form(form, file, FIELDS)), 40),
    }
    for name, (stream, limit) in ways.items():
        yield grown(name, stream, idle, limit)
    # An upload's buffers stay with the worker for the next: a download is compared with that.
    idle = {pid: machine.forget_peak(pid) for pid in idle}
    yield grown("memory, download, stream", lambda: download(path), idle, 4)
    site.remove(package["id"])
    site.clean()


def grown(name: str, stream: Callable[[], object], idle: dict[int, int], limit: float) -> Result:
    """MiB by which the worker that grows most goes above what it had idle, while `stream` runs."""
    for pid in idle:
        machine.forget_peak(pid)
    stream()
    mebibytes = max(machine.peak_memory(pid) - resident for pid, resident in idle.items()) / (1 << 20)
    return Result(name, mebibytes, unit="MiB", target=f"≤ {limit:g}", met=mebibytes <= limit)


def _mib(file: Path) -> str:
    return f"{file.stat().st_size >> 20} MiB"
