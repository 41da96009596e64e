"""A request's body while it comes: what its head says of it, and what of it is here."""

from typing import Any

from gunicorn.http.body import ChunkedReader
from gunicorn.http.message import Request

from app.server.chunked import ChunkedDecoder
from app.server.framing import ChunkedFraming, Framing, LengthFraming


class IncomingBody:
    """What follows a head in `wire`, the bytes that the client has sent and nobody has taken.

    A body of at most `limit` bytes is small: it is taken out of `wire` as it comes. A longer one with a length is left
    there, for whoever reads it from the socket; one in chunks counts as small until more than `limit` have come.
    """

    def __init__(self, request: Request, wire: bytearray, limit: int) -> None:
        self._wire = wire
        self._limit = limit
        self._decoder = _decoder(request)
        self._length = 0 if self._decoder else int(request.body.reader.length)
        self.content = bytearray()
        self.expects_continue = bool(vars(request)["_expected_100_continue"])
        # gunicorn would send 100 Continue before the application has looked at the head: clear its mark.
        vars(request)["_expected_100_continue"] = False
        self.take()

    @property
    def is_complete(self) -> bool:
        """Whether all of it is in `content`."""
        return self._decoder.is_complete if self._decoder else len(self.content) == self._length

    @property
    def is_long(self) -> bool:
        """Whether it is too long to be gathered."""
        return len(self.content) > self._limit or self._length > self._limit

    def take(self) -> None:
        """Take what has come, unless that is left to a reader. Raises ParseException for a malformed chunk."""
        if self.is_long or not self._wire:
            return
        if self._decoder:
            self._decoder.take(self._wire, self.content)
        else:
            count = self._length - len(self.content)
            self.content += self._wire[:count]
            del self._wire[:count]

    def framing(self) -> Framing:
        """For reading it from the socket, beginning with what is here."""
        if self._decoder:
            return ChunkedFraming(self._wire, self._decoder, self.content)
        return LengthFraming(self._wire, self._length)


def _decoder(request: Any) -> ChunkedDecoder | None:
    if not isinstance(request.body.reader, ChunkedReader):
        return None
    return ChunkedDecoder(lambda lines: request.parse_headers(lines, from_trailer=True))
