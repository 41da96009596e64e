"""The platforms and architectures that a package may be for, each under one canonical name.

Sources: OpenTelemetry's semantic conventions (`os.type`, `host.arch`) and Go's GOOS and GOARCH. Where the two
name the same thing differently, the GO name is kept; aliases are also what machines and release files say.
"""

ANY_ARCH = "any"

_GOOS = """aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris
wasip1 windows zos"""
_OS_TYPE_ONLY = "hpux"
_GOARCH = """386 amd64 amd64p32 arm arm64 arm64be armbe loong64 mips mips64 mips64le mips64p32 mips64p32le mipsle
ppc ppc64 ppc64le riscv riscv64 s390 s390x sparc sparc64 wasm"""
_HOST_ARCH_ONLY = "ia64"

PLATFORMS = frozenset(f"{_GOOS} {_OS_TYPE_ONLY}".split())
ARCHES = frozenset(f"{_GOARCH} {_HOST_ARCH_ONLY} {ANY_ARCH}".split())

_PLATFORM_ALIASES = {
    "darwin": "macos osx mac",
    "dragonfly": "dragonflybsd",
    "windows": "win win32 win64",
    "zos": "z_os",
}
_ARCH_ALIASES = {
    "386": "i386 i686 x86",
    "amd64": "x86_64 x86-64 x64",
    "any": "noarch all",
    "arm": "arm32 armv6 armv6l armv7 armv7l armhf",
    "arm64": "aarch64 armv8",
    "loong64": "loongarch64",
    "ppc": "ppc32",
}
PLATFORM_ALIASES = {alias: name for name, aliases in _PLATFORM_ALIASES.items() for alias in aliases.split()}
ARCH_ALIASES = {alias: name for name, aliases in _ARCH_ALIASES.items() for alias in aliases.split()}


def canonical_platform(text: str) -> str | None:
    """The canonical name of a platform in any case or alias; None where there is no such platform."""
    return _canonical(text, PLATFORM_ALIASES, PLATFORMS)


def canonical_arch(text: str) -> str | None:
    """The canonical name of an architecture in any case or alias; None where there is no such one."""
    return _canonical(text, ARCH_ALIASES, ARCHES)


def _canonical(text: str, aliases: dict[str, str], known: frozenset[str]) -> str | None:
    folded = text.lower()
    name = aliases.get(folded, folded)
    return name if name in known else None
