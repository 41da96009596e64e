"""How much a page has room for."""

import pytest

from app.http import paging
from app.http.responses import json_bytes


@pytest.mark.parametrize("size", [0, 1, 10, 1000])
def test_a_page_is_as_full_as_it_can_be(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """One item more would reach the limit."""
    monkeypatch.setattr(paging, "MAX_BYTES", 5000)
    items = [{"text": "x" * size}] * 2000
    count = paging.fitting(items)
    assert len(json_bytes(items[:count])) < 5000 <= len(json_bytes(items[: count + 1]))


def test_a_page_has_one_item_at_least(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a list would end, or go on for ever, at an item that is too long."""
    monkeypatch.setattr(paging, "MAX_BYTES", 10)
    assert paging.fitting([{"text": "x" * 100}] * 3) == 1
