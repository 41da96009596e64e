"""Which files are published, and where to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from opampkg.errors import WrongUsage
from opampkg.models import Installations
from opampkg.names import Fields
from opampkg.plan import plan
from opampkg.publish import Place
from opampkg.waiting import Goal


def planned(*patterns: Path, given: Fields | None = None, split_formats: bool = False) -> dict[str, Place]:
    """Each file's name with its place."""
    found = plan(map(str, patterns), given or Fields(), split_formats=split_formats, note=lambda _: None)
    return {Path(each.path).name: each.place for each in found}


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """What GoReleaser leaves, with a name template of the project's own."""
    folder = tmp_path / "dist"
    (folder / "agent_linux_amd64_v1").mkdir(parents=True)
    binary = {"name": "agent", "path": "dist/agent_linux_amd64_v1/agent", "type": "Binary"}
    rows: list[dict[str, Any]] = [
        {**binary, "goos": "linux", "goarch": "amd64"},
        {"name": "checksums.txt", "path": "dist/checksums.txt", "type": "Checksum"},
        {"name": "metadata.json", "path": "dist/metadata.json", "type": "Metadata"},
    ]
    for arch in ("amd64", "arm"):
        name = f"Agent.Linux.{arch}.tar.gz"
        rows.append({"name": name, "path": f"dist/{name}", "goos": "linux", "goarch": arch, "type": "Archive"})
    for row in rows:
        (folder.parent / row["path"]).write_text("content")
    (folder / "artifacts.json").write_text(json.dumps(rows))
    (folder / "metadata.json").write_text(json.dumps({"project_name": "agent", "version": "1.2.3"}))
    return folder


@pytest.mark.parametrize("pattern", ["artifacts.json", "*.tar.gz", "*"])
def test_goreleaser(dist: Path, pattern: str) -> None:
    """Its list says what the files' names do not; what archives were made of is no package of its own."""
    assert planned(dist / pattern) == {
        "Agent.Linux.amd64.tar.gz": Place("agent", "1.2.3", "linux", "amd64"),
        "Agent.Linux.arm.tar.gz": Place("agent", "1.2.3", "linux", "arm"),
    }


def test_options_win(dist: Path) -> None:
    """Over the list and over the names."""
    places = planned(dist / "artifacts.json", given=Fields(name="other", version="2"))
    assert {(place.name, place.version) for place in places.values()} == {("other", "2")}


def test_two_for_one_place(tmp_path: Path) -> None:
    """All that share one are named; formats of packages can have names of their own."""
    for extension in ("tar.gz", "deb", "rpm"):
        (tmp_path / f"agent_1.0.0_linux_amd64.{extension}").write_text("content")
    with pytest.raises(WrongUsage, match=r"amd64\.deb and .*amd64\.rpm and .*amd64\.tar\.gz"):
        planned(tmp_path / "*")
    names = {place.name for place in planned(tmp_path / "*", split_formats=True).values()}
    assert names == {"agent", "agent-deb", "agent-rpm"}


def test_a_name_like_a_pattern(tmp_path: Path) -> None:
    """A file of just that name comes before what a pattern would match."""
    (tmp_path / "a[1]_1.0.0_linux_amd64").write_text("content")
    given = Fields("a", "1.0.0", "linux", "amd64")
    assert list(planned(tmp_path / "a[1]_1.0.0_linux_amd64", given=given)) == ["a[1]_1.0.0_linux_amd64"]


@pytest.mark.parametrize("pattern", ["nothing*", "nothing", "."])
def test_no_file(tmp_path: Path, pattern: str) -> None:
    """A pattern without a file is a mistake."""
    with pytest.raises(WrongUsage, match="is no file"):
        planned(tmp_path / pattern)


@pytest.mark.parametrize(
    ("seen", "is_reached", "is_lost"),
    [
        (Installations(), False, False),
        (Installations(installed=95, offered=5), True, False),
        (Installations(installed=94, offered=6), False, False),
        (Installations(installed=95, failed=5), True, True),
        (Installations(offered=99, failed=1), False, False),
        (Installations(offered=49, failed=1), False, True),
    ],
)
def test_waiting(seen: Installations, is_reached: bool, is_lost: bool) -> None:
    """95 % installed and 1 % failed, of all that are to have it; never while there is nobody."""
    goal = Goal(95, 1, 60)
    assert (goal.is_reached(seen), goal.is_lost(seen)) == (is_reached, is_lost)
