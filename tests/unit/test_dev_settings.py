"""The settings that start-dev.sh takes from the user."""

import pytest

from dev.scripts.settings import CONFIG, Settings


def test_what_a_start_wrote_is_not_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    """OPAMP_PACKAGES_CONFIG that names what the last start wrote, exported for flask, changes nothing at the next."""
    monkeypatch.delenv("OPAMP_PACKAGES_CONFIG", raising=False)
    own = Settings.read().own
    monkeypatch.setenv("OPAMP_PACKAGES_CONFIG", str(CONFIG))
    assert Settings.read().own == own
