"""Ctrl-C, SIGTERM and SIGHUP as KeyboardInterrupt, never between making a thing and noting that it is there."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Waiting:
    """What came while it could not be answered."""

    shields = 0
    interrupted = False


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    if _Waiting.shields:
        _Waiting.interrupted = True
    else:
        raise KeyboardInterrupt


def install() -> None:
    """Answer all of SIGNALS alike; a background job of a shell would otherwise ignore SIGINT."""
    for sign in SIGNALS:
        signal.signal(sign, _interrupt)


def ignore() -> None:
    """Take no more notice: what was started is being stopped, and stopping must not be cut short."""
    for sign in SIGNALS:
        signal.signal(sign, signal.SIG_IGN)


@contextlib.contextmanager
def shielded() -> Iterator[None]:
    """Hold interrupts back until the end of the block."""
    _Waiting.shields += 1
    try:
        yield
    finally:
        _Waiting.shields -= 1
        if not _Waiting.shields and _Waiting.interrupted:
            _Waiting.interrupted = False
            raise KeyboardInterrupt
