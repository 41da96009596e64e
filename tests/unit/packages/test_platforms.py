"""Platforms and architectures have one name each."""

import pytest

from app.packages.platforms import ARCH_ALIASES, ARCHES, PLATFORM_ALIASES, PLATFORMS, canonical_arch, canonical_platform


@pytest.mark.parametrize(
    ("sent", "name"),
    [("Linux", "linux"), ("macos", "darwin"), ("z_os", "zos"), ("DragonflyBSD", "dragonfly"), ("hpux", "hpux")],
)
def test_a_platform_in_any_case_or_alias_has_one_name(sent: str, name: str) -> None:
    """os.type and GOOS spellings meet in the GO name."""
    assert canonical_platform(sent) == name


@pytest.mark.parametrize(
    ("sent", "name"),
    [("X86_64", "amd64"), ("aarch64", "arm64"), ("i686", "386"), ("arm32", "arm"), ("ppc32", "ppc"), ("any", "any")],
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
