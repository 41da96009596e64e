"""Templates and scripts keep within the policy: nothing inline, nothing unescaped, nothing that is evaluated."""

import re
from pathlib import Path

import pytest

from app.config.sections import PROJECT

CONSOLE = PROJECT / "app" / "console"
TEMPLATES = sorted((CONSOLE / "templates").rglob("*.html"))
SCRIPTS = sorted((CONSOLE / "static" / "js").rglob("*.js"))

FORBIDDEN = {
    "a style attribute": r"\sstyle\s*=",
    "a handler": r"\son[a-z]+\s*=",
    "an inline script": r"<script(?![^>]*\ssrc=)[^>]*>(?!\s*</script>)(?<!application/json\">)",
    "an inline style": r"<style",
    "unescaped text": r"\|\s*safe\b|Markup\(|autoescape\s+false",
    "a handler of htmx": r"hx-on",
    "evaluated values": r"hx-vals=[\"']js:|hx-headers=[\"']js:|hx-trigger=[\"'][^\"']*\[",
    "evaluated morphing": r"morph:\{",
    "a script's address": r"javascript:",
    "another host": r"(src|href|action)=[\"']https?://",
}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_template(path: Path) -> None:
    """No template has what the policy refuses, or what would let a value in unescaped."""
    text = path.read_text()
    assert [name for name, pattern in FORBIDDEN.items() if re.search(pattern, text)] == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_script(path: Path) -> None:
    """No script makes markup or code out of text."""
    text = path.read_text()
    refused = r"\.(?:inner|outer)HTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\.style\."
    assert re.findall(refused, text) == []


def test_there_are_some() -> None:
    """Templates and scripts were found."""
    assert len(TEMPLATES) > 5
    assert len(SCRIPTS) > 5
