"""Request bodies: a piece of a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Callable

from opampkg import errors

BLOCK = 1 << 18
"""Bytes of a file that are read and sent at once."""


@dataclass(frozen=True)
class FilePiece:
    """The bytes `start` to `end` of a file as a body. `on_sent` is told how many of them are on their way."""

    path: str
    start: int
    end: int
    on_sent: Callable[[int], None] = lambda _: None

    def __len__(self) -> int:
        return self.end - self.start

    def blocks(self) -> Iterator[bytes]:
        """The bytes, in blocks. Raises Refused if the file is shorter by now."""
        with open(self.path, "rb") as file:
            file.seek(self.start)
            sent = 0
            while sent < len(self):
                block = file.read(min(BLOCK, len(self) - sent))
                if not block:
                    raise errors.Refused(f"{self.path} became shorter while it was sent.")
                yield block
                sent += len(block)
                self.on_sent(sent)
