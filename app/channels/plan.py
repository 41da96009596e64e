"""Channel plan (dry run): what each agent would be told to do if a channel were made to be so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from app.packages.versions import sort_key

Change = Literal["none", "install", "upgrade", "downgrade", "remove", "unresolved"]
CHANGES: tuple[Change, ...] = ("none", "install", "upgrade", "downgrade", "remove", "unresolved")


@dataclass(frozen=True, slots=True)
class Present:
    """A package on an agent: the version that it tells, and the hash of the offer that it was installed from."""

    version: str | None
    hash: bytes | None


@dataclass(frozen=True, slots=True)
class Target:
    """A package of an offer."""

    version: str
    hash: bytes


@dataclass(frozen=True, slots=True)
class PackageChange:
    """What becomes of one package: `before` and `after` are versions, None where it is not there or tells none.

    `unresolved`: the channel has it, and no file is there for this platform.
    """

    name: str
    before: str | None
    after: str | None
    change: Change


@dataclass(frozen=True, slots=True)
class PlanGroup:
    """So many agents of one platform that have the same packages, and so the same ahead of them."""

    platform: str
    arch: str
    agents: int
    packages: tuple[PackageChange, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What would become of agents. `agents`: the channel's, afterwards; of these are new `joining`.

    `complete` is False where the numbers are extrapolated from a sample, or small groups were left out.
    """

    agents: int
    joining: int
    leaving: int
    complete: bool
    groups: tuple[PlanGroup, ...]

    def affected(self, *changes: Change) -> int:
        """How many agents have a package to which one of these happens."""
        return sum(
            group.agents for group in self.groups if any(package.change in changes for package in group.packages)
        )

    @property
    def removes(self) -> bool:
        """Whether an agent loses a package."""
        return self.affected("remove") > 0


def planned(
    present: Mapping[str, Present], offer: Mapping[str, Target], unresolved: Sequence[str], *, is_sent: bool
) -> tuple[PackageChange, ...]:
    """The changes of one agent, by name.

    `is_sent`: whether the offer is sent at all. It is not to an agent that doesn't accept packages, or that has a
    package of the channel for which no file is there.
    """
    without_file = [
        PackageChange(name, version := _version(present, name), version, "unresolved") for name in unresolved
    ]
    if is_sent:
        others = [_change(name, present.get(name), offer.get(name)) for name in {*present, *offer} - {*unresolved}]
    else:
        kept = sorted({*present} - {*unresolved})
        others = [PackageChange(name, present[name].version, present[name].version, "none") for name in kept]
    return tuple(sorted([*others, *without_file], key=lambda package: package.name))


def _version(present: Mapping[str, Present], name: str) -> str | None:
    return present[name].version if name in present else None


def _change(name: str, before: Present | None, after: Target | None) -> PackageChange:
    if after is None:
        return PackageChange(name, before.version if before else None, None, "remove")
    if before is None:
        return PackageChange(name, None, after.version, "install")
    return PackageChange(name, before.version, after.version, _direction(before, after))


def _direction(before: Present, after: Target) -> Change:
    """The way from one version to another by SemVer precedence; the same one, of other bytes, is installed again."""
    if before.hash == after.hash:
        return "none"
    if before.version is None or sort_key(before.version) == sort_key(after.version):
        return "install"
    return "upgrade" if sort_key(after.version) > sort_key(before.version) else "downgrade"
