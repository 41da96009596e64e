"""Small answers: 64 KiB files and JSON, many at once over kept connections, by wrk."""

import re
import statistics
import subprocess

import requests

from bench.measure import Result, StolenTime
from bench.parts import Parts
from bench.transfers import Transfers

KIB_64 = 64 << 10
LIST_SIZE = 100


def wrk(url: str, token: str = "", seconds: int = 4) -> float:
    """Requests per second of 16 connections. RuntimeError if any answer was not 2xx."""
    header = ["-H", f"Authorization: Bearer {token}"] if token else []
    command = ["wrk", "-t1", "-c16", f"-d{seconds}s", *header, url]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in printed:
        raise RuntimeError(printed)
    return float(re.search(r"Requests/sec:\s+([0-9.]+)", printed)[1])  # type: ignore[index]


def compare(what: str, ours: tuple[str, str], other: tuple[str, str], rounds: int, against: str, target: str) -> Result:
    """Two URLs, each with its token, in interleaved rounds."""
    stolen = StolenTime()
    found: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        found[0].append(wrk(*ours))
        found[1].append(wrk(*other))
    medians = [statistics.median(each) for each in found]
    return Result(what, "1/s", *medians, against=against, target=target, stolen=stolen.per_cent())


def small_files(parts: Parts, rounds: int) -> Result:
    """Downloads of 64 KiB beside presigned GETs."""
    transfers = Transfers(parts, KIB_64, rounds)
    ours = parts.services["stream"].url + transfers.publish(), parts.token
    result = compare("download, 64 KiB", ours, (transfers.put_direct(), ""), rounds, "direct", "ratio ≥ 0.15")
    transfers.clean()
    return result


def json_answers(parts: Parts, rounds: int) -> list[Result]:
    """Detail and a list of 100, beside the cheapest answer that there is."""
    url = parts.services["stream"].url
    headers = {"Authorization": f"Bearer {parts.token}"}
    for number in range(LIST_SIZE):
        path = f"{url}/api/v1/packages/listed/1.0.{number}/linux/amd64/agent"
        requests.put(path, data=b"x", headers=headers, timeout=30).raise_for_status()
    first = requests.get(f"{url}/api/v1/packages?limit=1", headers=headers, timeout=30).json()[0]["id"]
    live = f"{url}/health/live", ""
    asked = (
        ("detail", f"{url}/api/v1/packages/{first}", "ratio ≥ 0.5, > 1,200/s"),
        ("list of 100", f"{url}/api/v1/packages?limit={LIST_SIZE}", "ratio ≥ 0.2"),
    )
    return [compare(what, (path, parts.token), live, rounds, "/health/live", target) for what, path, target in asked]
