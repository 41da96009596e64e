"""test.sh: what it does before it hands over to pytest."""

from collections.abc import Sequence

import pytest

from dev.checkout import PYTHON
from dev.scripts import environment, test


class HandedOver(Exception):
    """In place of the process that would be pytest's from here on."""


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was built and which linters ran."""
    done: list[str] = []

    def hand_over(command: Sequence[str]) -> None:
        raise HandedOver(command)

    monkeypatch.setattr(test.interrupts, "install", lambda: None)
    monkeypatch.setattr(environment, "leave_for", hand_over)
    monkeypatch.setattr(test.go_tools, "built", done.append)
    monkeypatch.setattr(test, "passes", lambda name, _: done.append(name) or True)
    return done


def test_some_tests_build_nothing(prepared: list[str]) -> None:
    """With pytest arguments neither an S3 is built, which needs Go and minutes, nor a linter run."""
    with pytest.raises(HandedOver) as handed_over:
        test.main(["tests/unit"])
    assert handed_over.value.args == ([PYTHON, "-m", "pytest", "tests/unit"],)
    assert prepared == []


def test_whole_suite_builds_first(prepared: list[str]) -> None:
    """Without arguments all that takes long or may fail comes before the tests, which run side by side."""
    with pytest.raises(HandedOver) as handed_over:
        test.main([])
    assert handed_over.value.args == ([PYTHON, "-m", "pytest", "-n", "2", "--dist", "loadfile"],)
    assert prepared == ["minio", "versitygw", "cosign", *test.LINTERS]
