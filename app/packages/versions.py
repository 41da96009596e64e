"""Sort keys of versions: SemVer 2.0.0 precedence in an order that the database knows, everything else below it.

The key compares byte by byte (COLLATE "C") as SemVer section 11 says: numbers carry their length in front, a
pre-release sorts below its release, and a longer list of identifiers above its own beginning.
"""

import re

import semver

MAX_KEY_LENGTH = 255

LATEST = "latest"
"""The version of a channel's package that follows the newest active release."""

_NATURAL, _SEMVER = "0", "1"
_PRERELEASE, _RELEASE = "-", "~"
_END, _NUMERIC, _ALPHANUMERIC = " ", "!", '"'


def parse(version: str) -> semver.Version | None:
    """The SemVer of `version`, a leading `v` ignored; None where it is none."""
    bare = version.removeprefix("v")
    return semver.Version.parse(bare) if semver.Version.is_valid(bare) else None


def is_semver(version: str) -> bool:
    """Whether `version` is a SemVer 2.0.0, a leading `v` ignored; what is none sorts below all that are."""
    return parse(version) is not None


def is_prerelease(version: str) -> bool:
    """Whether `version` is a SemVer pre-release; what is no SemVer never is."""
    parsed = parse(version)
    return parsed is not None and parsed.prerelease is not None


def sort_key(version: str) -> str:
    """ASCII text that sorts, byte by byte, as the versions do; equal for equal precedence."""
    parsed = parse(version)
    if parsed is None:
        return _NATURAL + _natural(version.removeprefix("v"))
    core = "".join(_number(str(part)) for part in (parsed.major, parsed.minor, parsed.patch))
    return _SEMVER + core + (_prerelease(parsed.prerelease) if parsed.prerelease else _RELEASE)


def _number(digits: str) -> str:
    """Digits with their count in front, so that 9 sorts below 10. A version has at most 50 characters."""
    significant = digits.lstrip("0")
    return chr(ord("0") + len(significant)) + significant


def _prerelease(identifiers: str) -> str:
    return _PRERELEASE + "".join(_identifier(part) for part in identifiers.split(".")) + _END


def _identifier(identifier: str) -> str:
    if identifier.isdigit():
        return _NUMERIC + _number(identifier)
    return _ALPHANUMERIC + identifier + _END


def _natural(text: str) -> str:
    """Natural order: runs of digits compare as numbers, all else by code point."""
    return re.sub(r"[0-9]+", lambda run: "0" + _number(run.group()), text)
