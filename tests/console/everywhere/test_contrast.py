"""The colours' contrast, computed from tokens.css (WCAG 2.2, 1.4.3 and 1.4.11)."""

import re

import pytest

from app.config.sections import PROJECT

TOKENS = PROJECT / "app" / "console" / "static" / "tokens.css"
PATTERN = re.compile(r"--([\w-]+): light-dark\(#([0-9a-f]{6}), #([0-9a-f]{6})\);")
SURFACES = ("surface", "bg", "surface-2")
STATES = ("green", "blue", "red", "amber", "grey")

PAIRS = [
    *[("text", surface, 4.5) for surface in SURFACES],
    *[("muted", surface, 4.5) for surface in SURFACES],
    *[("accent-text", surface, 4.5) for surface in (*SURFACES, "accent-soft")],
    ("on-accent", "accent", 4.5),
    ("on-danger", "danger", 4.5),
    *[(f"{state}-text", f"{state}-soft", 4.5) for state in STATES],
    *[(f"{state}-text", "surface", 4.5) for state in STATES],
    *[(state, "surface", 3.0) for state in ("green", "blue", "red", "amber", "offline", "control", "focus")],
]


def colours(theme: int) -> dict[str, str]:
    """The tokens of a theme: 0 light, 1 dark."""
    return {name: pair[theme] for name, *pair in PATTERN.findall(TOKENS.read_text())}


def luminance(colour: str) -> float:
    """Relative luminance of a colour in hex (WCAG 2.2)."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("text", "ground", "needed"), PAIRS)
@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_contrast(text: str, ground: str, needed: float, theme: int) -> None:
    """Text has 4.5 to what it stands on, what is no text 3."""
    tokens = colours(theme)
    brighter, darker = sorted((luminance(tokens[text]), luminance(tokens[ground])), reverse=True)
    assert (brighter + 0.05) / (darker + 0.05) >= needed
