"""Rows of lists that are read in batches, for pages that show few at a time."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TypeVar

Item = TypeVar("Item")


def rows_of(batches: AbstractContextManager[Iterator[Sequence[Item]]]) -> list[Item]:
    """All rows of a page; the connection that brings them is given back at once."""
    with batches as found:
        return [row for batch in found for row in batch]
