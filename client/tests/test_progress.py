"""Progress on a terminal and in a pipe."""

from __future__ import annotations

import io
from typing import Any

import pytest

from opampkg import progress


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        return True


def test_bars_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """One for each file under way; a line of its own stands above them."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress, "DRAW_EVERY", 0)
    stream = Terminal()
    shown = progress.Progress(stream)
    shown.of("one")(50, 100)
    shown.of("two")(25, 100)
    shown.note("a note")
    last = stream.getvalue().rpartition("\x1b[2A\x1b[J")[2]
    assert last.splitlines()[0] == "a note"
    assert [line[-3:] for line in last.splitlines()[1:]] == ["one", "two"]
    shown.ended("one")
    shown.ended("two")
    assert stream.getvalue().endswith("\x1b[J")


@pytest.mark.parametrize("kind", [io.StringIO, Terminal])
def test_lines_elsewhere(monkeypatch: pytest.MonkeyPatch, kind: Any) -> None:
    """In a pipe, or on a terminal that can do nothing, one line per file and 10 s, with no control character."""
    monkeypatch.setenv("TERM", "dumb")
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    stream = kind()
    advance = progress.Progress(stream).of("a\x1b[31m\rfile")
    for second in range(35):
        now[0] = 100.0 + second
        advance(second, 35)
    assert stream.getvalue().count("\n") == 3
    assert "\r" not in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_quiet() -> None:
    """Only errors are said."""
    stream = io.StringIO()
    shown = progress.Progress(stream, quiet=True)
    shown.of("file")(1, 2)
    shown.note("a note")
    shown.say("an error")
    assert stream.getvalue() == "an error\n"
