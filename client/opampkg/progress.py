"""Progress on standard error: bars on a terminal, else a line per file and 10 s; no control characters there."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Callable, TextIO

LINE_EVERY = 10.0
DRAW_EVERY = 0.1
WIDTH = 24


class Progress:
    """What is on its way. Safe for threads."""

    def __init__(self, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        self._stream = stream or sys.stderr
        self._quiet = quiet
        self._bars = self._stream.isatty() and os.environ.get("TERM") != "dumb"
        self._lock = threading.Lock()
        self._under_way: dict[str, tuple[int, int]] = {}
        self._last: dict[str, float] = {}
        self._drawn = 0

    def note(self, line: str) -> None:
        """A line of its own, unless all is to be quiet."""
        if not self._quiet:
            self.say(line)

    def say(self, line: str) -> None:
        """A line of its own, however quiet all is to be: an error."""
        with self._lock:
            self._erase()
            self._stream.write(printable(line) + "\n")
            self._draw()
            self._stream.flush()

    def result(self, text: str) -> None:
        """What standard output is for, without a bar in it."""
        with self._lock:
            self._erase()
            self._stream.flush()
            sys.stdout.write(text)
            sys.stdout.flush()
            self._draw()
            self._stream.flush()

    def of(self, name: str) -> Callable[[int, int], None]:
        """What is to be told of one file's bytes: how many there are, of how many."""
        return lambda done, total: self._advance(name, done, total)

    def ended(self, name: str) -> None:
        """A file is done, or given up."""
        with self._lock:
            self._erase()
            self._under_way.pop(name, None)
            self._last.pop(name, None)
            self._draw()
            self._stream.flush()

    def _advance(self, name: str, done: int, total: int) -> None:
        if self._quiet:
            return
        with self._lock:
            self._under_way[name] = (done, total)
            now = time.monotonic()
            key, every = ("", DRAW_EVERY) if self._bars else (name, LINE_EVERY)
            if now - self._last.setdefault(key, now if not self._bars else 0.0) < every:
                return
            self._last[key] = now
            if self._bars:
                self._erase()
                self._draw()
            else:
                self._stream.write(f"{printable(name)}: {share(done, total)}\n")
            self._stream.flush()

    def _erase(self) -> None:
        if self._drawn:
            self._stream.write(f"\x1b[{self._drawn}A\x1b[J")
            self._drawn = 0

    def _draw(self) -> None:
        if not self._bars or self._quiet:
            return
        for name, (done, total) in self._under_way.items():
            filled = WIDTH * done // total if total else WIDTH
            bar = "#" * filled + "." * (WIDTH - filled)
            self._stream.write(f"[{bar}] {share(done, total)} {printable(name)[:40]}\n")
            self._drawn += 1


def share(done: int, total: int) -> str:
    """How far something is."""
    return f"{100 * done // total if total else 100:3d} % of {size(total)}"


def size(count: int) -> str:
    """Bytes for people."""
    amount = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024 or unit == "GiB":
            break
        amount /= 1024
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def printable(text: str) -> str:
    """Text in which nothing steers a terminal or begins a line."""
    return "".join(character if character.isprintable() else "?" for character in text)
