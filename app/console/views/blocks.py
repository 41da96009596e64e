"""Blocks of a page, each of which fails alone."""

from collections.abc import Callable
from typing import TypeVar

from app.errors import ServiceError

Found = TypeVar("Found")


def or_none(ask: Callable[[], Found]) -> Found | None:
    """What `ask` gives; None where what it asks is away."""
    try:
        return ask()
    except ServiceError:
        return None
