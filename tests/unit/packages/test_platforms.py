"""Platforms and architectures have one name each."""

import pytest

from app.packages.platforms import ARCH_ALIASES, ARCHES, PLATFORM_ALIASES, PLATFORMS, canonical_arch, canonical_platform


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        *(("Linux", "linux"), ("z_os", "zos"), ("DragonflyBSD", "dragonfly"), ("hpux", "hpux")),
        *((alias, "darwin") for alias in ("macos", "macOS", "osx", "mac")),
        *((alias, "windows") for alias in ("win", "win32", "Win64")),
    ],
)
def test_a_platform_in_any_case_or_alias_has_one_name(sent: str, name: str) -> None:
    """os.type and GOOS spellings meet in the GO name."""
    assert canonical_platform(sent) == name


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        *((alias, "amd64") for alias in ("X86_64", "x86-64", "x64")),
        *((alias, "arm64") for alias in ("aarch64", "armv8")),
        *((alias, "386") for alias in ("i386", "i686", "x86")),
        *((alias, "arm") for alias in ("arm32", "armv6", "armv6l", "armv7", "armv7l", "armhf")),
        *((alias, "any") for alias in ("any", "noarch", "all")),
        *(("ppc32", "ppc"), ("loongarch64", "loong64")),
    ],
)
def test_an_arch_in_any_case_or_alias_has_one_name(sent: str, name: str) -> None:
    """host.arch, GOARCH and uname spellings meet in the GO name."""
    assert canonical_arch(sent) == name


def test_every_alias_stands_for_a_known_name() -> None:
    """No alias leads to a name that is refused."""
    assert set(PLATFORM_ALIASES.values()) <= PLATFORMS
    assert set(ARCH_ALIASES.values()) <= ARCHES


@pytest.mark.parametrize("sent", ["", "any", "linux ", "windows98", "лінукс"])
def test_an_unknown_platform_has_no_name(sent: str) -> None:
    """`any` is for architectures only, and nothing is trimmed."""
    assert canonical_platform(sent) is None
