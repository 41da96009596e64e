"""This machine's platform and architecture, by the service's names."""

from __future__ import annotations

import platform

from opampkg.vocabulary import arch_of, platform_of


def this_platform() -> str:
    """Such as linux."""
    return platform_of(platform.system() or "linux")


def this_arch() -> str:
    """Such as amd64."""
    return arch_of(platform.machine() or "any")
