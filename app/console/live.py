"""Live fragments: polled, answered 304 where nothing changed; one query of figures for all who watch."""

import hashlib
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from flask import Response, request

FRESH = 2.0
"""Seconds for which figures are handed out again."""

KEPT = 500
"""Keys that a worker keeps figures of."""

CACHE = "private, no-cache"

Figures = TypeVar("Figures")


@dataclass(slots=True)
class _Entry:
    lock: threading.Lock = field(default_factory=threading.Lock)
    figures: Any = None
    until: float = 0.0


class SharedFigures:
    """The last answer to each question, for a while: who asks meanwhile waits for it or takes it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: dict[Hashable, _Entry] = {}

    def get(self, key: Hashable, ask: Callable[[], Figures], *, fresh: float = FRESH) -> Figures:
        """What `ask` gives for `key`, at most `fresh` seconds old. Raises what `ask` raises, and keeps nothing then."""
        with self._lock:
            if len(self._entries) >= KEPT and key not in self._entries:
                self._entries.clear()
            entry = self._entries.setdefault(key, _Entry())
        with entry.lock:
            if self._clock() >= entry.until:
                entry.figures = ask()
                entry.until = self._clock() + fresh
            return cast("Figures", entry.figures)

    def kept(self, key: Hashable) -> Any:
        """What `get` would hand out again; None where it would ask, and while somebody asks. It never waits."""
        with self._lock:
            entry = self._entries.get(key)
        # Whoever asks puts the figures in their place before the time until when they hold.
        return entry.figures if entry is not None and self._clock() < entry.until else None

    def forget(self) -> None:
        """Ask anew from now on."""
        with self._lock:
            self._entries.clear()


FIGURES = SharedFigures()


def with_etag(response: Response) -> Response:
    """A fragment with an ETag over what it shows: 304 for who has it already."""
    digest = hashlib.sha256(response.get_data()).hexdigest()[:32]
    response.set_etag(digest, weak=True)
    response.headers["Cache-Control"] = CACHE
    response.make_conditional(request)
    return response
