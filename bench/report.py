"""Results as a table, as JSON and as a plot."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.measure import Result

WIDTH = 46


def line(result: Result) -> str:
    """One result, as a line of the table."""
    base = f"{result.base:9.1f}" if result.base is not None else " " * 9
    ratio = f"{result.ratio:6.2f}" if result.ratio is not None else " " * 6
    cpu = f"{result.cpu:6.2f}" if result.cpu is not None else " " * 6
    verdict = {True: "reached", False: "MISSED", None: ""}[result.met]
    stolen = f"{result.more['stolen']:6.0%}" if result.more.get("stolen") is not None else " " * 6
    measured = f"{result.ours:9.1f}{base} {result.unit:5}{ratio}{cpu}{stolen}"
    return f"{result.name:{WIDTH}}{measured}  {result.target:20} {verdict}"


def heading() -> str:
    """The line above the table."""
    return f"{'':{WIDTH}}{'ours':>9}{'base':>9} {'':5}{'ratio':>6}{'CPU':>6}{'stolen':>6}  target"


def write(folder: Path, about: dict[str, Any], results: list[Result]) -> None:
    """bench.json and bench.png in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {**about, "results": [asdict(result) for result in results]}
    (folder / "bench.json").write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    plot(folder / "bench.png", about, results)


def plot(file: Path, about: dict[str, Any], results: list[Result]) -> None:
    """The ratios, with what they should be, and the CPU that a byte costs."""
    import matplotlib as mpl  # noqa: PLC0415 - takes a second, and measuring should not wait for it

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    moved = [result for result in results if result.ratio is not None and result.unit != "ms"]
    spent = [result for result in moved if result.cpu is not None]
    listed = [result for result in results if result.unit == "ms"]
    figure, (rates, costs, times) = plt.subplots(
        3,
        1,
        figsize=(9, 4 + 0.27 * (len(moved) + len(spent) + len(listed))),
        height_ratios=[len(moved) + 2, len(spent) + 2, len(listed) + 2],
        layout="constrained",
    )
    _bars(rates, [(result.name, result.ratio, _asked(result, "≥ ")) for result in moved])
    rates.set_title("Rate, as a part of the base's (| is the target)")
    _bars(costs, [(result.name, result.cpu, _asked(result, "CPU ≤ ")) for result in spent])
    costs.set_title("CPU of the service per byte, as a multiple of SHA-256's")
    _bars(times, [(result.name, result.ratio, 2.0) for result in listed if result.ratio is not None])
    times.set_title("Median time of a list, as a multiple of that over 1,000 rows")
    figure.suptitle(
        f"Package service, {about['date']}, {about['machine']['processors']} processors, {about['stolen']:.0%} stolen"
    )
    figure.savefig(file, dpi=110)
    plt.close(figure)


def _asked(result: Result, mark: str) -> float | None:
    for part in result.target.split(", "):
        if part.startswith(mark):
            return float(part.removeprefix(mark))
    return None


def _bars(axes: Any, bars: list[tuple[str, float | None, float | None]]) -> None:
    bars.reverse()
    axes.barh([name for name, _, _ in bars], [value or 0 for _, value, _ in bars], color="#4c78a8")
    for place, (_, value, asked) in enumerate(bars):
        axes.text(value or 0, place, f" {value:.2f}", va="center", fontsize=8)
        if asked is not None:
            axes.plot([asked, asked], [place - 0.45, place + 0.45], color="#e45756", linewidth=2)
    axes.tick_params(labelsize=8)
    axes.grid(axis="x", alpha=0.3)
