"""Counts of agents for people: cached for seconds, and not counted to the end."""

import threading
import time
from dataclasses import dataclass

from app.agents.listing import AgentFilters, AgentListing

MAX_AGE = 10.0
"""Seconds for which a count is shown."""

MOST = 10_000
"""Agents up to which a filtered list is counted."""

MAX_ENTRIES = 256


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are; `is_more`: at least so many."""

    number: int
    is_more: bool

    def __str__(self) -> str:
        return f"{self.number:,}+" if self.is_more else f"{self.number:,}"


class AgentCounts:
    """Counts agents, one query for all who look within MAX_AGE seconds in this process."""

    def __init__(self, listing: AgentListing) -> None:
        self.listing = listing
        self._lock = threading.Lock()
        self._counts: dict[AgentFilters, tuple[float, Count]] = {}

    def count(self, filters: AgentFilters) -> Count:
        """How many agents there are: exact without filters, else up to MOST. Raises DatabaseUnavailable."""
        with self._lock:
            kept = self._counts.get(filters)
        if kept is not None and time.monotonic() - kept[0] < MAX_AGE:
            return kept[1]
        count = self._counted(filters)
        with self._lock:
            if len(self._counts) >= MAX_ENTRIES:
                self._counts.clear()
            self._counts[filters] = (time.monotonic(), count)
        return count

    def _counted(self, filters: AgentFilters) -> Count:
        if filters == AgentFilters():
            return Count(self.listing.count(filters, None), is_more=False)
        number = self.listing.count(filters, MOST + 1)
        return Count(min(number, MOST), is_more=number > MOST)
