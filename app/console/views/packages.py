"""Packages by name and one package, as their pages show them."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.agents.adoption import Adoption
from app.channels.usage import ChannelUsage, Use
from app.console.live import FIGURES
from app.http.services import get
from app.packages.names import PackageName
from app.packages.version_pages import Version

AGENTS_FRESH = 10.0
"""Seconds for which counts of agents are shown."""


@dataclass(frozen=True, slots=True)
class Named:
    """A package of the list: how many agents have it in any version, and in the version shown first."""

    package: PackageName
    agents: int
    on_latest: int
    uses: Sequence[Use]

    @property
    def shown(self) -> str:
        """The version shown first: the latest release, else the newest pre-release, else the newest there is."""
        newest = self.package.latest or self.package.prerelease or self.package.withheld
        return newest.version if newest else ""


def named(packages: Sequence[PackageName]) -> list[Named]:
    """The packages with their agents and channels."""
    names = tuple(package.name for package in packages)
    agents, uses = agents_by_version(names), get(ChannelUsage).of(names)
    return [_named(package, agents.get(package.name, {}), uses.get(package.name, [])) for package in packages]


def _named(package: PackageName, agents: dict[str, int], uses: Sequence[Use]) -> Named:
    bare = Named(package, sum(agents.values()), 0, uses)
    return Named(package, bare.agents, agents.get(bare.shown, 0), uses)


def agents_by_version(names: tuple[str, ...]) -> dict[str, dict[str, int]]:
    """How many agents have each version of these packages, at most AGENTS_FRESH seconds ago."""
    return FIGURES.get(("agents by version", names), lambda: get(Adoption).by_version(names), fresh=AGENTS_FRESH)


def agents_of(name: str) -> dict[str, int]:
    """How many agents have each version of one package."""
    return agents_by_version((name,)).get(name, {})


def waiting(name: str, gaps: Sequence[tuple[str, str]]) -> list[tuple[str, str, int]]:
    """For which of these platforms and arches agents have the package, and would get no file: with their number."""
    targets = tuple(sorted(gaps))
    key = ("agents by target", name, targets)
    found = FIGURES.get(key, lambda: get(Adoption).by_target(name, targets), fresh=AGENTS_FRESH)
    return [(platform, arch, found[platform, arch]) for platform, arch in gaps if found.get((platform, arch))]


def latest_of(versions: Sequence[Version]) -> Version | None:
    """The newest release that is neither yanked nor blocked, as /packages/latest takes it."""
    return next((each for each in versions if each.offered and not each.is_prerelease), None)
