"""Platforms and architectures: what files say, and the service's name for it; a test compares them with its own."""

from __future__ import annotations

import re

ANY_ARCH = "any"
_PLATFORMS = """aix android darwin dragonfly freebsd hpux hurd illumos ios js linux nacl netbsd openbsd plan9 solaris
wasip1 windows zos"""
_ARCHES = """
386 amd64 amd64p32 any arm arm64 arm64be armbe ia64 loong64 mips mips64 mips64le mips64p32 mips64p32le mipsle
ppc ppc64 ppc64le riscv riscv64 s390 s390x sparc sparc64 wasm"""
PLATFORMS = frozenset(_PLATFORMS.split())
ARCHES = frozenset(_ARCHES.split())
PLATFORM_ALIASES = {
    "dragonflybsd": "dragonfly",
    "mac": "darwin",
    "macos": "darwin",
    "osx": "darwin",
    "win": "windows",
    "win32": "windows",
    "win64": "windows",
    "z_os": "zos",
}
ARCH_ALIASES = {
    "aarch64": "arm64",
    "all": "any",
    "arm32": "arm",
    "armhf": "arm",
    "armv6": "arm",
    "armv6l": "arm",
    "armv7": "arm",
    "armv7l": "arm",
    "armv8": "arm64",
    "i386": "386",
    "i686": "386",
    "loongarch64": "loong64",
    "noarch": "any",
    "ppc32": "ppc",
    "x64": "amd64",
    "x86": "386",
    "x86-64": "amd64",
    "x86_64": "amd64",
}

VARIANT = re.compile(r"(arm)[v_]?[567]|(amd64|arm64|386|ppc64le|riscv64)[v_]?[\w.]+|(mips\w*?)_(?:soft|hard)float")
"""GoReleaser's architectures with GOARM, GOAMD64, GOMIPS and their like behind them."""


def platform_of(text: str) -> str:
    """The service's name of a platform; what is unknown stays as it is, for the service to refuse."""
    folded = text.lower()
    return PLATFORM_ALIASES.get(folded, folded)


def arch_of(text: str) -> str:
    """The service's name of an architecture; what is unknown stays as it is, for the service to refuse."""
    folded = text.lower()
    if folded in ARCHES or folded in ARCH_ALIASES:
        return ARCH_ALIASES.get(folded, folded)
    variant = VARIANT.fullmatch(folded)
    return next(filter(None, variant.groups())) if variant else folded
