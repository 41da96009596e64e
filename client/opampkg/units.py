"""Durations and percentages as people write them."""

from __future__ import annotations

import argparse
import re

SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def duration(text: str) -> float:
    """Seconds of `90`, `90s`, `30m`, `2h` or `1d`."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text)
    if not found or float(found[1]) == 0:
        raise argparse.ArgumentTypeError(f"is to be a duration such as 90s, 30m or 2h, not {text!r}")
    return float(found[1]) * SECONDS[found[2]]


def percentage(text: str) -> float:
    """Per cent of `95%` or `95`."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)%?", text)
    if not found or float(found[1]) > 100:
        raise argparse.ArgumentTypeError(f"is to be a percentage from 0% to 100%, not {text!r}")
    return float(found[1])


def count(text: str) -> int:
    """A number from 1 on."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"is to be a number from 1 on, not {text!r}")
    return int(text)


def boolean(text: str) -> bool:
    """`true` or `false`."""
    if text not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"is to be true or false, not {text!r}")
    return text == "true"
