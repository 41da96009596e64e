"""Keyset pages: `limit` and `cursor` in, an array and `Link: <…>; rel="next"` (RFC 8288) out."""

import itertools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from flask import Response, request
from marshmallow import Schema, fields, validate

from app.config import Config
from app.errors import Invalid
from app.http import cursors
from app.http.cursors import CursorError, CursorValue
from app.http.fields import QueryNumber
from app.http.query import query_pairs
from app.http.responses import json_bytes
from app.http.services import get

MAX_BYTES = 4 << 20
"""Bytes of a page's JSON: of longer ones a few slow readers would fill the memory."""

Item = TypeVar("Item")

_LISTING = json.JSONEncoder(sort_keys=True, default=str)


class PageQuery(Schema):
    """The parameters of every list; a list's own filters and sort are added in a subclass."""

    limit = QueryNumber(
        load_default=100,
        validate=validate.Range(1, 500),
        metadata={"description": "How many at most on this page."},
    )
    cursor = fields.String(
        metadata={"description": "Where the page before ended: take it from that page's Link header."},
    )


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The page that a request asks for: `limit` rows after the position `after`, None for the first page."""

    limit: int
    after: tuple[CursorValue, ...] | None
    listing: str

    @property
    def fetch(self) -> int:
        """How many rows to fetch: one more than the page has, which tells whether another page follows."""
        return self.limit + 1

    @property
    def after_id(self) -> int:
        """The id that the page follows, in a list by id alone; 0, below every id, for the first page."""
        return int(self.after[-1]) if self.after else 0  # type: ignore[arg-type]  # the last value is the id


def requested_page(query: Mapping[str, Any], *types: type[CursorValue]) -> PageRequest:
    """The page that a loaded PageQuery asks for.

    `types` are those of the values that the rows are sorted by, the id last. A cursor holds good for the same
    path and the same parameters only, as they were loaded: their defaults and aliases make no difference.
    Raises Invalid.
    """
    bound = {name: value for name, value in query.items() if name not in ("limit", "cursor")}
    listing = _LISTING.encode([request.path, bound])
    cursor = query.get("cursor")
    if cursor is None:
        return PageRequest(query["limit"], None, listing)
    try:
        return PageRequest(query["limit"], cursors.decode(cursor, listing, types), listing)
    except CursorError as error:
        raise Invalid({"cursor": ["Is not a cursor of this list with these filters and this sort."]}) from error


def page_answer(
    page: PageRequest,
    rows: Sequence[Item],
    content: Callable[[Item], Any],
    position: Callable[[Item], tuple[CursorValue, ...]],
) -> Response:
    """The page as an array of each row's `content`, with a link to the next one if `rows` has more than are shown.

    It ends early where it would have MAX_BYTES.

    `position` gives the values that a row is sorted by, the id last.
    """
    return batched_answer(page, (rows,), content, position)


def batched_answer(
    page: PageRequest,
    batches: Iterable[Sequence[Item]],
    content: Callable[[Item], Any],
    position: Callable[[Item], tuple[CursorValue, ...]],
) -> Response:
    """`page_answer` of rows that come in batches. None is asked for after the one that tells of a next page."""
    pieces: list[bytes] = []
    left, room = page.limit, MAX_BYTES - len("[\n")
    for rows in batches:
        shown = [content(row) for row in rows[:left]]
        text = json_bytes(shown)
        if len(text) - len("[\n") >= room:
            shown = shown[: fitting(shown, room) or (0 if pieces else 1)]
            text = json_bytes(shown)
        if shown:
            # Between the brackets; a comma or the last bracket follows.
            pieces.append(text[len("[") : -len("]\n")])
            room -= len(text) - len("[\n")
            left -= len(shown)
            last = rows[len(shown) - 1]
        if len(shown) < len(rows):
            return _page(pieces, next_url=_next_url(cursors.encode(position(last), page.listing)))
    return _page(pieces)


def _page(pieces: list[bytes], next_url: str | None = None) -> Response:
    answer = Response(b"[" + b",".join(pieces) + b"]\n", content_type="application/json")
    if next_url:
        answer.headers["Link"] = f'<{next_url}>; rel="next"'
    return answer


def fitting(items: Sequence[Any], room: int) -> int:
    """How many of the items have fewer than `room` bytes, their commas included."""
    # Each item's line end counts for the comma or bracket that follows it in the array.
    ends = itertools.accumulate(len(json_bytes(item)) for item in items)
    return sum(end < room for end in ends)


def _next_url(cursor: str) -> str:
    """This request's URL with another cursor, on the configured base: the Host header plays no part."""
    kept = [(name, value) for name, value in query_pairs() if name != "cursor"]
    base = get(Config).server.public_url.rstrip("/")
    return f"{base}{quote(request.path)}?{urlencode([*kept, ('cursor', cursor)])}"
