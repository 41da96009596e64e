"""JSON and empty responses: answers that are not errors."""

import json
from typing import Any

import orjson
from flask import Response


def json_bytes(content: Any) -> bytes:
    """`content` as a document of JSON that ends with a line end; its times have to be text already."""
    try:
        return orjson.dumps(content, option=orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        # Integers of more than 64 bits, which older versions have let into the database.
        return f"{json.dumps(content, ensure_ascii=False)}\n".encode()


def json_answer(content: Any, status: int = 200, **headers: str) -> Response:
    """`content` as JSON; its times have to be text already."""
    return Response(json_bytes(content), status, headers, content_type="application/json")


def no_content() -> Response:
    """204: done, and nothing to say."""
    answer = Response(status=204)
    del answer.headers["Content-Type"]
    return answer
