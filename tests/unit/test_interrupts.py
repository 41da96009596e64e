"""Interrupts while the project's scripts start programs."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dev.parts import interrupts, processes


@pytest.fixture
def answered() -> Iterator[None]:
    """The scripts' answers to signals, for a while."""
    before = {sign: signal.getsignal(sign) for sign in interrupts.SIGNALS}
    interrupts.install()
    yield
    for sign, answer in before.items():
        signal.signal(sign, answer)


@pytest.mark.parametrize(
    "run", [processes.complete, lambda command: processes.follow(command, print)], ids=["complete", "follow"]
)
def test_interrupted_while_a_program_is_started(
    answered: None, monkeypatch: pytest.MonkeyPatch, run: Callable[[list[str]], object]
) -> None:
    """The program is there already, and nobody knows it yet: it is ended all the same."""
    started: list[subprocess.Popen[str]] = []

    class Interrupting(subprocess.Popen[str]):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            started.append(self)
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(subprocess, "Popen", Interrupting)
    with pytest.raises(KeyboardInterrupt):
        run(["sleep", "60"])
    (program,) = started
    with program:
        assert program.poll() == -signal.SIGKILL
