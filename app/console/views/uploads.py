"""Upload queue's settings: what its scripts have to know of the service."""

from dataclasses import dataclass
from typing import Any

from app.config import Config
from app.console.links import link, prefix
from app.http.services import get
from app.packages.platforms import ANY_ARCH, ARCH_ALIASES, ARCHES, PLATFORM_ALIASES, PLATFORMS

COMMON_PLATFORMS = ("linux", "windows", "darwin")
COMMON_ARCHES = ("amd64", "arm64", "arm", "386", ANY_ARCH)


@dataclass(frozen=True, slots=True)
class Uploads:
    """What the template of the queue gets. The names are canonical, the usual ones first."""

    settings: dict[str, Any]
    platform_names: list[str]
    arch_names: list[str]


def uploads(username: str, **preset: str) -> Uploads:
    """The queue for this user; `preset` has fields that are known whatever a file is called."""
    settings = {
        "api": f"{prefix()}/api/v1",
        "token": link("upload_token"),
        "packages": link("packages"),
        "user": username,
        "max_size": get(Config).packages.max_size,
        "platforms": {**{name: name for name in sorted(PLATFORMS)}, **PLATFORM_ALIASES},
        "arches": {**{name: name for name in sorted(ARCHES)}, **ARCH_ALIASES},
        "preset": {field: value for field, value in preset.items() if value},
    }
    return Uploads(settings, _usual_first(COMMON_PLATFORMS, PLATFORMS), _usual_first(COMMON_ARCHES, ARCHES))


def _usual_first(usual: tuple[str, ...], names: frozenset[str]) -> list[str]:
    return [*usual, *sorted(names - set(usual))]
