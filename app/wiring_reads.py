"""Wiring of what only the console's pages read."""

from app.agents.adoption import Adoption
from app.agents.missing import MissingFiles
from app.channels.usage import ChannelUsage
from app.database import Database
from app.packages.attention import Attention
from app.packages.version_pages import VersionPages


def page_reads(database: Database, polling_interval: int) -> list[object]:
    """The readers. `polling_interval` of agents in seconds."""
    return [
        VersionPages(database),
        Attention(database),
        ChannelUsage(database),
        Adoption(database, polling_interval),
        MissingFiles(database),
    ]
