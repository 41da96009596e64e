"""Uploads in pieces next to PUT of the same file, and what it costs to go on after a cut connection."""

import json
import os
import socket
import statistics
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bench.client import begin_piece, begin_upload, offset_of, upload_piece, upload_raw
from bench.measure import Result, Target, pairs, seconds
from bench.site import Site

MIB = 1 << 20
ONE_PATCH = Target(ratio=0.9, cpu_ratio=1.1)
CUT_AT = 20 * MIB
"""Two whole parts, and a tail of half a part."""


def whole(site: Site, file: Path, version: str, step: int = 1 << 40) -> bytes:
    """Upload a file in pieces of `step` bytes; the last answer's body, the package."""
    size = file.stat().st_size
    target = site.target(f"/api/v1/packages/bench/{version}/linux/amd64/agent.bin")
    target = replace(target, url=site.service.url + _path(begin_upload(target, size)))
    answers = [upload_piece(target, file, start, min(start + step, size)) for start in range(0, size, step)]
    return answers[-1]


def uploads(site: Site, folder: Path, sizes: dict[str, int], rounds: int) -> Iterator[Result]:
    """One PATCH, and pieces of 1 MiB; `sizes` in MiB, by line."""
    steps = {"one PATCH": (1 << 40, ONE_PATCH), "pieces of 1 MiB": (MIB, Target())}
    for name, (step, target) in steps.items():
        file = _file(folder, sizes[name])
        yield _beside_put(site, f"{name}, {sizes[name]} MiB, beside PUT", file, rounds, step, target)
        file.unlink()


def resumption(site: Site, folder: Path, rounds: int) -> Iterator[Result]:
    """From the moment of a cut until HEAD tells that all is kept that was sent."""
    file = _file(folder, 64)
    told = [_resumed(site, file, number) * 1000 for number in range(rounds)]
    yield Result("HEAD at once after a cut, all kept", statistics.median(told), unit="ms", more={"all": told})


def _resumed(site: Site, file: Path, number: int) -> float:
    size = file.stat().st_size
    target = site.target(f"/api/v1/packages/bench/0.1.{number}/linux/amd64/agent.bin")
    target = replace(target, url=site.service.url + _path(begin_upload(target, size)))
    with socket.create_connection(target.address) as client:
        begin_piece(client, target, file, 0, CUT_AT, length=size)
    offsets: list[int] = []
    lasted = seconds(lambda: offsets.append(offset_of(target)))
    if offsets != [CUT_AT]:
        raise ConnectionError(f"{offsets} bytes were kept of {CUT_AT}")
    return lasted


def _beside_put(site: Site, name: str, file: Path, rounds: int, step: int, target: Target) -> Result:
    put = site.target("/api/v1/packages/bench/0.0.7/linux/amd64/agent.bin")
    published: list[bytes] = []

    def tidy() -> None:
        while published:
            site.remove(json.loads(published.pop())["id"])
        site.clean()

    return pairs(
        name,
        file.stat().st_size,
        lambda: published.append(whole(site, file, "0.0.8", step)),
        lambda: published.append(upload_raw(put, file)),
        rounds=rounds,
        pids=site.service.workers(),
        tidy=tidy,
        target=target,
    )


def _file(folder: Path, size: int) -> Path:
    path = folder / f"pieces-{size}.bin"
    with path.open("wb") as file:
        for _ in range(size):
            file.write(os.urandom(MIB))
    return path


def _path(url: str) -> str:
    return "/api/v1/" + url.partition("/api/v1/")[2]
