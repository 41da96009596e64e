"""Globs of policies: `*` is any run of characters but `/` and `@`, everything else is itself, the whole value counts.

No regular expressions and no fnmatch: those have more that is special, and may take exponential time over a value
that an uploader has chosen. This takes one pass.
"""

import re
from collections.abc import Mapping

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")

NAMES = ("name", "version", "platform", "arch", "file_name")
"""What a placeholder may stand for: fields of a package."""


def matches(glob: str, value: str) -> bool:
    """Whether `value` as a whole is what `glob` says, case-sensitively."""
    first, *others = glob.split("*")
    if not others:
        return glob == value
    *middle, last = others
    if not value.startswith(first):
        return False
    at = len(first)
    for literal in middle:
        # The leftmost place is as good as any: a literal with a separator in it can't be moved, one without
        # leaves the most to the next star.
        found = value.find(literal, at)
        if found < 0 or _crosses(value[at:found]):
            return False
        at = found + len(literal)
    end = len(value) - len(last)
    return end >= at and value.endswith(last) and not _crosses(value[at:end])


def filled(glob: str, facts: Mapping[str, str]) -> list[str]:
    """`glob` in pieces for `matches_filled`: those of the glob itself, and between them a package's own fields.

    A field is literal, even a file name with a star in it.
    """
    pieces = PLACEHOLDER.split(glob)
    return [facts[piece] if place % 2 else piece for place, piece in enumerate(pieces)]


def matches_filled(glob: str, facts: Mapping[str, str], value: str) -> bool:
    """Whether `value` is what `glob` says when its placeholders are the package's own fields, literally."""
    pieces = filled(glob, facts)
    if not any("*" in piece for piece in pieces[1::2]):
        return matches("".join(pieces), value)
    star = _absent_from("".join(pieces) + value)
    hidden = [piece.replace("*", star) if place % 2 else piece for place, piece in enumerate(pieces)]
    return matches("".join(hidden), value.replace("*", star))


def unknown_placeholders(glob: str) -> list[str]:
    """Names in braces that are no field of a package, and braces that are none."""
    unknown = [name for name in PLACEHOLDER.findall(glob) if name not in NAMES]
    return [*unknown, *set(re.findall("[{}]", PLACEHOLDER.sub("", glob)))]


def like_pattern(glob: str) -> str:
    """The glob of a package's name, which has neither separator, as a pattern of SQL's LIKE."""
    return re.sub(r"([\\%_])", r"\\\1", glob).replace("*", "%")


def _crosses(skipped: str) -> bool:
    return "/" in skipped or "@" in skipped


def _absent_from(text: str) -> str:
    return next(chr(code) for code in range(0xE000, 0xF8FF) if chr(code) not in text)
