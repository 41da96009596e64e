"""How much a page has room for."""

from typing import Any

import pytest
from flask import Flask

from app.http import paging
from app.http.paging import PageRequest, batched_answer
from app.http.responses import json_bytes

LIMIT = 500


@pytest.fixture(autouse=True)
def _room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "MAX_BYTES", 5000)
    monkeypatch.setattr(paging, "_next_url", lambda _cursor: "https://tests/next")


def page(*batches: list[dict[str, Any]], limit: int = LIMIT) -> tuple[bytes, int, bool]:
    """The page of these rows, how many it has, and whether there is a next one."""
    asked = PageRequest(limit, None, "tests")
    with Flask(__name__).test_request_context():
        answer = batched_answer(asked, batches, dict, lambda row: (len(row),))
    return answer.data, len(answer.get_json()), "Link" in answer.headers


@pytest.mark.parametrize("size", [0, 1, 10, 1000])
@pytest.mark.parametrize("batch", [1, 8, 100, 2000])
def test_a_page_is_as_full_as_it_can_be(size: int, batch: int) -> None:
    """One item more would reach the limit, however the items come."""
    items = [{"text": "x" * size}] * 2000
    text, count, is_followed = page(*(items[place : place + batch] for place in range(0, 2000, batch)))
    assert is_followed
    assert text == json_bytes(items[:count])
    assert len(text) < 5000 <= len(json_bytes(items[: count + 1])) or count == LIMIT


def test_a_page_has_one_item_at_least() -> None:
    """Else a list would end, or go on for ever, at an item that is too long."""
    items = [{"text": "x" * 6000}] * 3
    assert page(items)[1:] == page([items[0]], items[1:])[1:] == (1, True)


def test_a_long_item_waits_for_the_next_page() -> None:
    """What comes before it is a page."""
    assert page([{}] * 8, [{"text": "x" * 6000}])[1:] == (8, True)


@pytest.mark.parametrize("rows", [0, 1, 7, 8])
def test_the_last_page(rows: int) -> None:
    """It has no next one, even if it has all rows that were asked for."""
    assert page([{}] * rows, limit=8)[1:] == (rows, False)


def test_the_row_after_the_last_is_only_told_of() -> None:
    """A list fetches one row more than it shows, in the same batch or another."""
    assert page([{}] * 9, limit=8)[1:] == page([{}] * 8, [{}], limit=8)[1:] == (8, True)


def test_batches_are_asked_for_as_needed() -> None:
    """Once the page is full no more rows are read."""
    asked = []

    def batches() -> Any:
        for number in range(100):
            asked.append(number)
            yield [{"text": "x" * 1000}]

    with Flask(__name__).test_request_context():
        batched_answer(PageRequest(LIMIT, None, "tests"), batches(), dict, lambda row: (len(row),))
    assert asked == [0, 1, 2, 3, 4]
