"""Measure the service next to what it stands on: python -m bench [--quick] [--only PART …] [--results FOLDER]."""

import argparse
import datetime as dt
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import limits, lists, machine, pieces, rates, report, site, transfers
from bench.measure import Result
from bench.site import Site
from dev.checkout import PROJECT

MIB = 1 << 20


@dataclass(frozen=True)
class Scale:
    """How much is measured; `sizes` in MiB, the first is the one that counts."""

    sizes: tuple[int, ...]
    rounds: int
    seconds: float
    rows: int
    list_rounds: int
    pieces: dict[str, int]
    """MiB of the files that are sent in one PATCH, and in pieces of 1 MiB."""


LONG = {"one PATCH": 1024, "pieces of 1 MiB": 64}
SHORT = {"one PATCH": 64, "pieces of 1 MiB": 16}
FULL = Scale(sizes=(512, 64, 8), rounds=4, seconds=2, rows=1_000_000, list_rounds=200, pieces=LONG)
QUICK = Scale(sizes=(64,), rounds=2, seconds=1, rows=50_000, list_rounds=30, pieces=SHORT)


def files(folder: Path, scale: Scale) -> list[Path]:
    """Random files of those sizes."""
    made = []
    for size in scale.sizes:
        made.append(folder / f"agent-{size}.bin")
        with made[-1].open("wb") as file:
            for _ in range(size):
                file.write(os.urandom(MIB))
    return made


def measure_uploads(parts: Site, scale: Scale) -> Iterator[Result]:
    """Uploads of each size."""
    for number, file in enumerate(files(parts.folder, scale)):
        yield from transfers.uploads(parts, file, scale.rounds, counts=number == 0)


def measure_downloads(parts: Site, scale: Scale) -> Iterator[Result]:
    """Downloads of each size; twice the pairs where the targets are for this size, since they are short."""
    for number, file in enumerate(files(parts.folder, scale)):
        rounds = scale.rounds if number else 2 * scale.rounds
        yield from transfers.downloads(parts, file, rounds, counts=number == 0)


def measure_pieces(parts: Site, scale: Scale) -> Iterator[Result]:
    """Uploads in pieces."""
    yield from pieces.uploads(parts, parts.folder, scale.pieces, scale.rounds)
    yield from pieces.resumption(parts, parts.folder, 5 * scale.rounds)


def measure_memory(parts: Site, scale: Scale) -> Iterator[Result]:
    """What one stream takes."""
    yield from transfers.memory(parts, files(parts.folder, scale)[0])


def measure_limits(parts: Site, scale: Scale) -> Iterator[Result]:
    """What is left when nothing but moving the bytes is done."""
    yield from limits.limits(parts, files(parts.folder, scale)[0], scale.rounds)


def measure_rates(parts: Site, scale: Scale) -> Iterator[Result]:
    """Small requests, in many short pairs; a hundred small packages make the list's page full."""
    small = parts.folder / "small.bin"
    small.write_bytes(os.urandom(64 << 10))
    yield from rates.rates(parts, small, scale.seconds, 2 * scale.rounds)
    for number in range(100):
        parts.publish(small, f"1.{number}.0")
    yield rates.list_rate(parts, scale.seconds, 2 * scale.rounds)


def measure_lists(parts: Site, scale: Scale) -> Iterator[Result]:
    """Two tables."""
    print(f"… filling {scale.rows:,} rows", file=sys.stderr)
    small = lists.table(parts.folder, parts.database, 1_000)
    with small as few, lists.table(parts.folder, parts.database, scale.rows) as many:
        yield from lists.lists(few, many, scale.list_rounds)


PARTS: dict[str, Callable[[Site, Scale], Iterator[Result]]] = {
    "memory": measure_memory,  # first, while the workers have grown for nothing else
    "uploads": measure_uploads,
    "pieces": measure_pieces,
    "downloads": measure_downloads,
    "limits": measure_limits,
    "rates": measure_rates,
    "lists": measure_lists,
}


def run(names: list[str], scale: Scale) -> tuple[list[Result], float]:
    """Measure these parts, printing each result as it comes; the part of the time that was stolen."""
    folder = Path(tempfile.mkdtemp(prefix="opamp-bench-"))
    folder.chmod(0o755)
    results = []
    try:
        with site.running(folder) as parts:
            before = machine.Moment.now()
            print(report.heading())
            for name in names:
                for result in PARTS[name](parts, scale):
                    results.append(result)
                    print(report.line(result), flush=True)
            return results, machine.Moment.now().stolen_since(before)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """The command; not zero if a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the package service.")
    parser.add_argument("--quick", action="store_true", help="small files, few rounds: whether it runs, not how fast")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--results", type=Path, default=PROJECT / "bench" / "results", metavar="FOLDER")
    asked = parser.parse_args()
    results, stolen = run(asked.only, QUICK if asked.quick else FULL)
    about = {"date": f"{dt.datetime.now(dt.UTC):%Y-%m-%d}", "machine": machine.description(), "stolen": stolen}
    report.write(asked.results, about, results)
    missed = [result.name for result in results if result.met is False]
    print(f"\n{stolen:.0%} of the time was stolen. Results: {asked.results}/bench.json, bench.png.")
    print(f"Missed: {', '.join(missed)}." if missed else "Every target was reached.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
