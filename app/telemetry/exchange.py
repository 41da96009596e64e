"""Accounting of one request and its answer, to the last byte sent: the source of the access log and the metrics.

An answer's body is sent after Flask has forgotten the request, so the account is closed when the server closes the
body.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from flask import Flask, Request, Response, g, request

from app.telemetry.request_id import request_id

BYTES_OUT = "opamp_packages.bytes_out"
"""In the WSGI environ: bytes of the answer's body that were sent, where only the server knows that."""

UNMATCHED = "unmatched"
"""The route of what no route takes: paths are the client's to invent, and no label or log key."""

SMALL_BODY = 1 << 20
"""Bytes up to which a body counts as read where its reader does not count."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

STARTED = "opamp_packages.started"
EXTENSION = "opamp-packages-exchange"

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Exchange:
    """A request and its answer. Bytes are those of the bodies; `seconds` last until the answer's end."""

    request_id: str
    method: str
    route: str
    address: str
    user: str | None
    status: int
    bytes_in: int = 0
    bytes_out: int = 0
    seconds: float = 0.0


Observer = Callable[[Exchange], None]


def on_end(app: Flask, observer: Observer) -> None:
    """Call `observer` with every exchange of `app` when it has ended."""
    if EXTENSION not in app.extensions:
        app.extensions[EXTENSION] = []
        app.before_request(_begin)
        app.after_request(lambda response: _watch(response, app.extensions[EXTENSION]))
    app.extensions[EXTENSION].append(observer)


def _begin() -> None:
    request.environ[STARTED] = time.perf_counter()


def _watch(response: Response, observers: list[Observer]) -> Response:
    # The request itself: each look through its proxy costs more than what is seen.
    asked: Request = request._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - documented so
    exchange = _exchange(asked, response)
    environ = asked.environ
    counted = _counted_body(asked, response, exchange)

    def end() -> None:
        exchange.seconds = time.perf_counter() - environ.get(STARTED, time.perf_counter())
        exchange.bytes_in = _bytes_read(environ)
        exchange.bytes_out = environ.get(BYTES_OUT, exchange.bytes_out)
        tell(exchange, observers)

    if counted or not response.direct_passthrough:
        response.call_on_close(end)
    else:
        _call_at_close(response.response, end)
    return response


def _exchange(asked: Request, response: Response) -> Exchange:
    caller = g.get("caller")
    return Exchange(
        request_id=request_id(),
        method=asked.method if asked.method in METHODS else "other",
        route=asked.url_rule.rule if asked.url_rule else UNMATCHED,
        address=asked.remote_addr or "",
        user=getattr(caller, "username", None),
        status=response.status_code,
    )


def _counted_body(asked: Request, response: Response, exchange: Exchange) -> bool:
    """Note or count the bytes of the body; False where that is left to those who send it."""
    if asked.method == "HEAD" or response.status_code in (204, 304):
        return True
    if response.direct_passthrough:
        exchange.bytes_out = response.content_length or 0
        return False
    if response.is_sequence:
        exchange.bytes_out = response.calculate_content_length() or 0
    else:
        response.response = _CountedBody(response.response, exchange)
    return True


def _bytes_read(environ: dict[str, Any]) -> int:
    """What our worker's input has counted; under other servers what a small body claims."""
    received = getattr(environ.get("wsgi.input"), "received", None)
    if received is not None:
        return int(received)
    length = environ.get("CONTENT_LENGTH") or ""
    small = length.isascii() and length.isdigit() and len(length) < 8 and int(length) <= SMALL_BODY
    return int(length) if small else 0


class _CountedBody:
    """The blocks of a streamed body, counted as they are taken."""

    def __init__(self, body: Iterable[Any], exchange: Exchange) -> None:
        self._body = body
        self._exchange = exchange

    def __iter__(self) -> Iterator[Any]:
        for block in self._body:
            self._exchange.bytes_out += len(block)
            yield block

    def close(self) -> None:
        """Close the body beneath, which may hold a file or a connection."""
        close = getattr(self._body, "close", None)
        if close is not None:
            close()


def _call_at_close(body: Any, end: Callable[[], None]) -> None:
    """Call `end` when the server closes a body that it gets as it is, to send it in its own way."""
    close = getattr(body, "close", None)

    def close_and_end() -> None:
        try:
            if close is not None:
                close()
        finally:
            end()

    body.close = close_and_end


def tell(exchange: Exchange, observers: Iterable[Observer]) -> None:
    """Call the observers with an exchange that has ended; what they raise is logged."""
    for observer in observers:
        try:
            observer(exchange)
        except Exception:
            log.exception("an exchange could not be noted")
