"""What is to be published: patterns expanded, each file with its coordinates, nothing sent yet."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Callable

from opampkg import goreleaser
from opampkg.errors import WrongUsage
from opampkg.names import Fields, left_out, parsed, split_format
from opampkg.publish import Place
from opampkg.signatures import goes_along
from opampkg.vocabulary import arch_of, platform_of


@dataclass(frozen=True)
class Planned:
    """A file and where it goes."""

    path: str
    place: Place


def plan(patterns: Iterable[str], given: Fields, *, split_formats: bool, note: Callable[[str], None]) -> list[Planned]:
    """The files that `patterns` stand for, with `given` above what they say themselves.

    Raises WrongUsage for a pattern without a file, a file whose coordinates are not known, and two for one place.
    """
    artifacts: dict[str, Fields] = {}
    planned: dict[str, Planned] = {}
    for path in expanded(patterns, note):
        if goes_along(path):
            continue
        reason = left_out(os.path.basename(path))
        if reason:
            note(f"{path} is left out: it is {reason}.")
            continue
        folder = os.path.dirname(os.path.abspath(path))
        if folder not in artifacts:
            artifacts.update({folder: Fields(), **goreleaser.fields_of(folder)})
        planned[os.path.realpath(path)] = Planned(path, place_of(path, given, artifacts, split_formats=split_formats))
    if not planned:
        raise WrongUsage("There is nothing to publish.")
    refuse_twins(list(planned.values()))
    return list(planned.values())


def expanded(patterns: Iterable[str], note: Callable[[str], None]) -> list[str]:
    """The files, each pattern's by name; a file of just that name comes before what a pattern would match."""
    found = []
    for pattern in patterns:
        if os.path.isfile(pattern):
            is_list = os.path.basename(pattern) == goreleaser.ARTIFACTS
            found += goreleaser.files(pattern) if is_list else [pattern]
            continue
        matches = sorted(glob.glob(pattern, recursive=True))
        files = [path for path in matches if os.path.isfile(path)]
        if not files:
            raise WrongUsage(f"{pattern!r} is no file, and no pattern of one.")
        if len(files) < len(matches):
            note(f"{pattern}: folders are left out.")
        found += files
    return list(dict.fromkeys(found))


def place_of(path: str, given: Fields, artifacts: dict[str, Fields], *, split_formats: bool) -> Place:
    """Where a file goes. Raises WrongUsage if something of that is not known."""
    file_name = os.path.basename(path)
    known = parsed(file_name).over(artifacts.get(os.path.realpath(path), Fields()))
    fields = given.over(known)
    if fields.missing():
        options = ", ".join(f"--{name}" for name in fields.missing())
        raise WrongUsage(f"The name of {path} does not say enough (NAME_VERSION_OS_ARCH.EXT): give {options}.")
    suffix = split_format(file_name) if split_formats else ""
    name = f"{fields.name}-{suffix}" if suffix else fields.name
    return Place(name, fields.version, platform_of(fields.platform), arch_of(fields.arch))


def refuse_twins(planned: list[Planned]) -> None:
    """Raise WrongUsage if two files would go to one place."""
    by_place: dict[Place, list[str]] = {}
    for each in planned:
        by_place.setdefault(each.place, []).append(each.path)
    twins = [f"{' and '.join(paths)} ({place})" for place, paths in by_place.items() if len(paths) > 1]
    if twins:
        raise WrongUsage(
            f"There is one file for each name, version, platform and arch, but these share one: {'; '.join(twins)}. "
            "Publish one of them, give the others a --name, or let --split-formats name packages of their own "
            "(NAME-deb, NAME-rpm …)."
        )
