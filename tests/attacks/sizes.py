"""How much the attacks send, and what must hold."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """The whole table's, on a machine of its own."""

    seconds: float = 12
    """How long each attack lasts that lasts."""
    patience: float = 1
    """Limits in time are multiplied by it: the suite shares its machine, and only tells defects, which take seconds."""
    reading: float = 12
    """Seconds of the roll-out."""
    readers: int = 150
    package: int = 128 << 20
    mbit: int = 800
    half_sent: int = 128
    idle: int = 9000
    max_connections: int = 4000
    """The service's, for each of two workers: fewer than there are idle ones."""
    logins: int = 256
    chunked: int = 10
    """Bodies in chunks of one byte."""
    talkers: int = 40
    page: int = 500
    """Agents with descriptions of 40 KB."""
    migrated: int = 200_000
    """Packages of a database that is upgraded."""
    takers: int = 60
    """Connections that ask for pages and read none."""


SHORT = Sizes(
    seconds=3,
    patience=8,
    reading=6,
    readers=60,
    package=32 << 20,
    idle=2500,
    max_connections=1000,
    page=140,
    migrated=5_000,
    takers=40,
)
"""What the suite has time for."""
