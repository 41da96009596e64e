"""File names: the fields in `NAME_VERSION_OS_ARCH.EXT`, and which files of a release are no packages."""

from __future__ import annotations

import re
from dataclasses import dataclass

from opampkg.vocabulary import ARCH_ALIASES, ARCHES, PLATFORM_ALIASES, PLATFORMS, arch_of, platform_of

SPLIT_FORMATS = ("deb", "rpm", "apk", "msi", "pkg")
"""Formats that can be packages of their own, `NAME-deb` …"""

CHECKSUMS = r".*\.(sha\d+|sha\d+sum|md5|md5sum|b2)|(.*[._-])?checksums?(\.txt)?|(.*[._-])?(sha\d+|md5)sums?(\.txt)?"
SBOMS = r".*\.(sbom|spdx|cdx|cyclonedx|bom)(\.(json|xml|ya?ml))?|(.*[._-])?(sbom|bom)\.(json|xml)"
SIGNATURES = r".*\.(sig|asc|sigstore|sigstore\.json|bundle|minisig|pem|crt|cert|p7s|att|intoto\.jsonl)"
LEFT_OUT = {"a checksum": CHECKSUMS, "an SBOM": SBOMS, "a signature": SIGNATURES}
"""Which files of a release are no packages, and what they are."""

OWN_FILES = ("artifacts.json", "metadata.json", "config.yaml")
"""What GoReleaser leaves in dist/."""


def _any_of(*words: frozenset[str] | dict[str, str]) -> str:
    known = {word for each in words for word in each}
    return "|".join(re.escape(word) for word in sorted(known, key=lambda word: (-len(word), word)))


VARIANTS = r"arm[v_]?[567]|amd64_?v[1-4]|mips\w*?_(?:soft|hard)float"
ARCH = f"{VARIANTS}|{_any_of(ARCHES, ARCH_ALIASES)}"
REST = rf"[_-](?P<platform>{_any_of(PLATFORMS, PLATFORM_ALIASES)})[_-](?P<arch>{ARCH})(?P<ext>(?:\.[A-Za-z]\w*)*)"
NAME = r"(?P<name>[A-Za-z0-9][A-Za-z0-9._+-]*?)[_-]v?"
SEMVER = r"(?P<version>\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+?)?(?:[+~][0-9A-Za-z.+~-]+?)?)"
OTHER_VERSION = r"(?P<version>\d[0-9A-Za-z.+~]*(?:-[0-9A-Za-z.+~]+)*?)"
PATTERNS = [re.compile(f"{NAME}{version}{REST}", re.IGNORECASE) for version in (SEMVER, OTHER_VERSION)]


@dataclass(frozen=True)
class Fields:
    """What is known of a file; "" for what is not."""

    name: str = ""
    version: str = ""
    platform: str = ""
    arch: str = ""

    def over(self, other: Fields) -> Fields:
        """These, and where they say nothing the other's."""
        return Fields(
            self.name or other.name,
            self.version or other.version,
            self.platform or other.platform,
            self.arch or other.arch,
        )

    def missing(self) -> list[str]:
        """The names of those that are not known."""
        return [name for name, value in vars(self).items() if not value]


def parsed(file_name: str) -> Fields:
    """The fields in a file's name; none of them if it is not of that form."""
    for pattern in PATTERNS:
        found = pattern.fullmatch(file_name)
        if found:
            platform, arch = platform_of(found["platform"]), arch_of(found["arch"])
            return Fields(found["name"], found["version"], platform, arch)
    return Fields()


def left_out(file_name: str) -> str | None:
    """Why a file of a release is no package; None if it may be one."""
    if file_name in OWN_FILES:
        return "GoReleaser's own"
    return next((what for what, form in LEFT_OUT.items() if re.fullmatch(form, file_name, re.IGNORECASE)), None)


def split_format(file_name: str) -> str:
    """The format that makes a package of its own, else ""."""
    extension = file_name.lower().rpartition(".")[2]
    return extension if extension in SPLIT_FORMATS else ""
