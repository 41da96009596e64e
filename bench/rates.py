"""Small requests: how many a second, next to the least that the service can answer, or to MinIO."""

import statistics
from collections.abc import Iterator
from pathlib import Path

from bench import machine
from bench.client import Target as Address
from bench.load import CLIENT, rate
from bench.measure import Result, Target, turns
from bench.site import BUCKET, Site


def rates(site: Site, small_file: Path, seconds: float, rounds: int) -> Iterator[Result]:
    """Downloads of a small file, details, lists of 100."""
    package = site.publish(small_file, "0.0.5")
    by_id = f"/api/v1/packages/{package['id']}"
    direct = site.direct_get(str(package["storage_path"]).removeprefix(f"{BUCKET}/"))
    live = site.target("/health/live")
    yield _compared("64 KiB download", site.target(f"{by_id}/download"), direct, seconds, rounds, Target(0.15))
    detail = _compared("detail", site.target(by_id), live, seconds, rounds, Target(0.5))
    yield detail
    yield Result("detail, alone", detail.ours, unit="1/s", target="≥ 1200", met=detail.ours >= 1200)


def list_rate(site: Site, seconds: float, rounds: int) -> Result:
    """Pages of 100 rows."""
    pages, live = site.target("/api/v1/packages?limit=100"), site.target("/health/live")
    return _compared("list of 100", pages, live, seconds, rounds, Target(0.2))


def _compared(name: str, ours: Address, base: Address, seconds: float, rounds: int, target: Target) -> Result:
    before = machine.Moment.now()
    told: dict[bool, list[float]] = {True: [], False: []}
    for counts, is_ours in turns(rounds):
        answered = rate(ours if is_ours else base, seconds)
        if counts:
            told[is_ours].append(answered)
    both = list(zip(told[True], told[False], strict=True))
    result = Result(
        name,
        ours=statistics.median(own for own, _ in both),
        base=statistics.median(other for _, other in both),
        unit="1/s",
        ratio=statistics.median(own / other for own, other in both),
        more={"pairs": both, "client": CLIENT, "stolen": machine.Moment.now().stolen_since(before)},
    )
    return target.judge(result)
