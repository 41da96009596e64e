"""The matrix of versions and platforms: what is there for whom, and what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.packages.store import PackageRow
from app.packages.version_pages import Version

Target = tuple[str, str]
"""A platform and an arch."""

State = Literal["have", "trusted", "untrusted", "pending", "blocked", "yanked", "damaged", "gap", "never"]
"""`have`: published, and no policy asks for its signature."""

TRUST: dict[str, State] = {"trusted": "trusted", "untrusted": "untrusted", "pending": "pending"}

FIRST_PLATFORMS = ("linux", "darwin", "windows")
FIRST_ARCHES = ("amd64", "arm64", "arm", "386")


@dataclass(frozen=True, slots=True)
class Cell:
    """One version for one platform and arch; `gap`: missing, though an older version has it."""

    platform: str
    arch: str
    state: State
    file: PackageRow | None
    begins: bool
    """Whether it is the first of its platform."""


@dataclass(frozen=True, slots=True)
class Line:
    """A version and its cells."""

    version: Version
    cells: tuple[Cell, ...]

    @property
    def gaps(self) -> list[Target]:
        """What is missing of it."""
        return [(cell.platform, cell.arch) for cell in self.cells if cell.state == "gap"]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Platforms with their arches, and a line for each version, the newest first."""

    platforms: tuple[tuple[str, tuple[str, ...]], ...]
    lines: tuple[Line, ...]

    @property
    def states(self) -> set[State]:
        """Which states there are, for the legend."""
        return {cell.state for line in self.lines for cell in line.cells}


def matrix(versions: Sequence[Version]) -> Matrix:
    """The matrix of these versions, the newest first."""
    targets = sorted({(file.platform, file.arch) for version in versions for file in version.files}, key=rank)
    older: set[Target] = set()
    lines = []
    for version in reversed(versions):
        lines.append(Line(version, _cells(version, targets, older)))
        older |= {(file.platform, file.arch) for file in version.files if file.is_active}
    arches: dict[str, list[str]] = {}
    for platform, arch in targets:
        arches.setdefault(platform, []).append(arch)
    return Matrix(tuple((name, tuple(each)) for name, each in arches.items()), tuple(reversed(lines)))


def _cells(version: Version, targets: Sequence[Target], older: set[Target]) -> tuple[Cell, ...]:
    files = {(file.platform, file.arch): file for file in version.files}
    begins = {target for at, target in enumerate(targets) if at == 0 or targets[at - 1][0] != target[0]}
    return tuple(
        Cell(*target, _state(files.get(target), is_gap=target in older), files.get(target), target in begins)
        for target in targets
    )


def _state(file: PackageRow | None, *, is_gap: bool) -> State:
    if file is None:
        return "gap" if is_gap else "never"
    if file.damaged_at is not None:
        return "damaged"
    if not file.is_active:
        return "yanked"
    return "blocked" if file.blocked else TRUST.get(file.trust, "have")


def rank(target: Target) -> tuple[int, str, int, str]:
    """What platforms and arches are sorted by: those that most agents have come first."""
    platform, arch = target
    return (_place(platform, FIRST_PLATFORMS), platform, _place(arch, FIRST_ARCHES), arch)


def _place(name: str, first: Sequence[str]) -> int:
    return first.index(name) if name in first else len(first)
