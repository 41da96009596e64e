"""What yanking or deleting files does to agents and channels, in sentences."""

from collections.abc import Iterator, Sequence

from app.channels.usage import ChannelUsage
from app.console.views.packages import agents_of, latest_of
from app.http.services import get
from app.packages.store import PackageRow
from app.packages.version_pages import Version, VersionPages

LATEST = "latest"
LOOKED_AT = 50
"""Versions among which the next latest is looked for."""


def consequences(change: str, files: Sequence[PackageRow]) -> list[str]:
    """Who is concerned, if `files` of one name are yanked or deleted; nobody, if they are restored."""
    if change == "restore":
        return []
    return [*_channels(change, files), *_agents(change, files)]


def _agents(change: str, files: Sequence[PackageRow]) -> Iterator[str]:
    name, agents = files[0].name, agents_of(files[0].name)
    stays = "They keep it, and cannot install it again." if change == "delete" else "They keep it."
    for version in dict.fromkeys(file.version for file in files):
        number = agents.get(version, 0)
        if number:
            yield f"{number:,} {'agent has' if number == 1 else 'agents have'} {name} {version}. {stays}"


def _channels(change: str, files: Sequence[PackageRow]) -> Iterator[str]:
    name = files[0].name
    versions = {file.version for file in files}
    before, after = _latest(name, files)
    for use in get(ChannelUsage).of([name]).get(name, []):
        if use.version in versions:
            told = "which refuses the delete" if change == "delete" else "and its agents are not offered it any more"
            yield f"The channel {use.channel} pins {use.version}, {told}."
        elif use.version == LATEST and before != after:
            then = f"that is {after} then, instead of {before}" if after else "there is none then"
            yield f"The channel {use.channel} offers the latest: {then}."


def _latest(name: str, files: Sequence[PackageRow]) -> tuple[str | None, str | None]:
    """The latest version before and after, for at least one platform."""
    versions = get(VersionPages).page(name, LOOKED_AT).versions
    gone = {file.id for file in files}
    left = [tuple(file for file in version.files if file.id not in gone) for version in versions]
    remaining = [Version(version.version, kept) for version, kept in zip(versions, left, strict=True) if kept]
    return _name_of(latest_of(versions)), _name_of(latest_of(remaining))


def _name_of(version: Version | None) -> str | None:
    return None if version is None else version.version
