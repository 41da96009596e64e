"""This checkout beside another, such as the last release: python -m bench.beside CHECKOUT [--seconds S] [--rounds N].

Both services run on one PostgreSQL, which this checkout has migrated, and on one MinIO, and are asked in turns. The
other runs with the packages of its own .venv (its ./test.sh makes one). Needs wrk.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from bench import client, machine, measure, opamp, rows
from bench.load import rate
from dev.parts import package_service, postgres, s3
from dev.parts.package_service import PackageService
from tests.databases import execute

MIB = 1 << 20
LARGE = 256
PACKAGES = 10_000


@dataclass(frozen=True)
class Round:
    """What one service did in one turn: units (requests or MB) per second, and µs of its CPU for each."""

    rate: float
    cost: float


class Pair:
    """Both services, and what is asked of them. `ours` tells which one."""

    def __init__(self, folder: Path, ours: PackageService, other: PackageService, database: str) -> None:
        self.services = {True: ours, False: other}
        self.database = database
        self.admin, self.agent = ours.token("admin"), ours.token("agent")
        self.small, self.large = folder / "small.bin", folder / "large.bin"
        self.small.write_bytes(os.urandom(64 << 10))
        self.large.write_bytes(os.urandom(MIB) * LARGE)
        self.small_id = self._upload(ours=True, file=self.small)
        self.large_id = self._upload(ours=True, file=self.large)

    def questions(self, seconds: float) -> dict[str, Callable[[bool], Round]]:
        """Each line of the table, by name."""
        small = {
            "/health/live": "/health/live",
            "detail": f"/api/v1/packages/{self.small_id}",
            "list of 100": "/api/v1/packages?limit=100",
            "64 KiB download": f"/api/v1/packages/{self.small_id}/download",
        }
        asked = {
            name: lambda ours, path=path: self._measured(ours, lambda: rate(self._target(ours, path), seconds), seconds)
            for name, path in small.items()
        }
        asked["poll"] = lambda ours: self._measured(ours, lambda: self._polls(ours, seconds), seconds)
        asked[f"upload of {LARGE} MiB"] = lambda ours: self._moved(ours, self._upload_and_delete)
        asked[f"download of {LARGE} MiB"] = lambda ours: self._moved(ours, self._download)
        return asked

    def _measured(self, ours: bool, work: Callable[[], float], seconds: float) -> Round:
        workers = self.services[ours].workers()
        before = machine.cpu_seconds(workers)
        answered = work()
        return Round(answered, (machine.cpu_seconds(workers) - before) * 1e6 / (answered * seconds))

    def _moved(self, ours: bool, work: Callable[[bool], object]) -> Round:
        workers = self.services[ours].workers()
        before = machine.cpu_seconds(workers)
        lasted = measure.seconds(lambda: work(ours))
        megabytes = LARGE * MIB / 1e6
        return Round(megabytes / lasted, (machine.cpu_seconds(workers) - before) * 1e6 / megabytes)

    def _polls(self, ours: bool, seconds: float) -> float:
        first = opamp.next_sequence(self.database)
        headers = ["-H", f"Authorization: Bearer {self.agent}"]
        script = ["-s", str(opamp.POLL), self.services[ours].url, "--", str(opamp.AGENTS), "1", str(first)]
        return opamp.rate([*headers, *script], int(seconds))

    def _target(self, ours: bool, path: str) -> client.Target:
        return client.with_token(self.services[ours].url + path, self.admin)

    def _upload(self, *, ours: bool, file: Path) -> int:
        target = self._target(ours, f"/api/v1/packages/beside/{file.stem}/linux/amd64/{file.name}")
        return int(json.loads(client.upload_raw(target, file))["id"])

    def _upload_and_delete(self, ours: bool) -> None:
        changed = os.urandom(16)
        with self.large.open("r+b") as file:
            file.write(changed)
        target = self._target(ours, f"/api/v1/packages/beside/{changed.hex()}/linux/amd64/large.bin")
        package = json.loads(client.upload_raw(target, self.large))["id"]
        client.ask(self._target(ours, f"/api/v1/packages/{package}"), "DELETE")

    def _download(self, ours: bool) -> None:
        received = client.download(self._target(ours, f"/api/v1/packages/{self.large_id}/download"))
        if received != LARGE * MIB:
            raise ConnectionError(f"{received} bytes came")


def running(stack: ExitStack, checkout: Path) -> Pair:
    """Everything started, with 10,000 packages and 100,000 settled agents."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="opamp-bench-")))
    folder.chmod(0o755)
    database = stack.enter_context(postgres.running(folder / "postgres", settings={"shared_buffers": "512MB"}))
    minio = stack.enter_context(s3.minio(folder / "minio"))
    url = database.url()
    ours = stack.enter_context(package_service.running(folder / "ours", url, minio))
    with closing(psycopg2.connect(url)) as connection:
        rows.fill(connection, PACKAGES)
    execute(url, opamp.FILL, opamp.SETTLED, opamp.INSTALLED, "VACUUM ANALYZE")
    other = stack.enter_context(package_service.running(folder / "other", url, minio, checkout=checkout))
    return Pair(folder, ours, other, url)


def measured(pair: Pair, seconds: float, rounds: int) -> Iterator[str]:
    """A line for each question, as soon as it is known."""
    yield f"{'':22}{'ours':>8}{'other':>8}{'ratio':>7}  CPU ratio   pairs"
    for name, ask in pair.questions(seconds).items():
        told: dict[bool, list[Round]] = {True: [], False: []}
        for counts, ours in measure.turns(rounds):
            found = ask(ours)
            if counts:
                told[ours].append(found)
        both = list(zip(told[True], told[False], strict=True))
        ratios = [own.rate / other.rate for own, other in both]
        cost = statistics.median(own.cost / other.cost for own, other in both)
        own, other = (statistics.median(each.rate for each in told[which]) for which in (True, False))
        pairs = " ".join(f"{ratio:.2f}" for ratio in ratios)
        yield f"{name:22}{own:8.0f}{other:8.0f}{statistics.median(ratios):7.2f}{cost:11.2f}   {pairs}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.beside", description=__doc__)
    parser.add_argument("checkout", type=Path, help="the other checkout")
    parser.add_argument("--seconds", type=float, default=3, help="of each measurement of small requests (3)")
    parser.add_argument("--rounds", type=int, default=8, help="pairs that count (8)")
    arguments = parser.parse_args()
    before = machine.Moment.now()
    with ExitStack() as stack:
        pair = running(stack, arguments.checkout.resolve())
        for line in measured(pair, arguments.seconds, arguments.rounds):
            print(line, flush=True)
    print(f"stolen: {machine.Moment.now().stolen_since(before):.0%}", file=sys.stderr)


if __name__ == "__main__":
    main()
