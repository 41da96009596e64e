"""Answers that are not errors."""

import json
from typing import Any

import orjson
from flask import Response


def json_answer(content: Any, status: int = 200, **headers: str) -> Response:
    """`content` as JSON; its times have to be text already."""
    try:
        text = orjson.dumps(content, option=orjson.OPT_PASSTHROUGH_DATETIME)
    except TypeError:
        # Integers of more than 64 bits, which older versions have let into the database.
        text = json.dumps(content, ensure_ascii=False).encode()
    return Response(text, status, headers, content_type="application/json")


def no_content() -> Response:
    """204: done, and nothing to say."""
    answer = Response(status=204)
    del answer.headers["Content-Type"]
    return answer
