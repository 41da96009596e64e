"""Streaming multipart parser (RFC 2046, 5.1): a file's bytes go straight to its reader, all else by one window.

The window is a buffer in which the parser searches for the next delimiter (CRLF, two hyphens, boundary):

    0        _start          _content_end                  _end             WINDOW
    | read   | content, that  | may be a delimiter, or not  | room for what  |
    | before | may be read    | searched yet                | comes next     |

`_fill` moves what is unread to the front. Where a reader brings a large buffer, the source fills that one
(`_read_direct`), and only the bytes at its end that may begin a delimiter are stashed in the window.
"""

import re

from app.errors import BadRequest, TooLarge, UploadInterrupted
from app.http.forms.memmem import find
from app.http.forms.part_header import PartHeader, part_header
from app.storage.interface import ByteSource

WINDOW = 260_096
"""Bytes of the window: few enough for the processor's cache, and no power of two. The allocator would put the next
such buffer a few bytes off a page's distance, and copies between two buffers that lie so are ten times slower on some
processors (`rep movsb`)."""
DIRECT = 1 << 16
"""Bytes of a reader's buffer from which on the source fills it without the window between."""
LOOK_AHEAD = 1 << 12
"""Bytes read on into the window to tell whether a delimiter begins in the last bytes of a reader's buffer."""
MAX_HEADER = 1 << 14
"""Bytes of one part's header."""
MAX_OVERHEAD = 1 << 16
"""Bytes of the whole form that are neither a field's text nor the file."""
MAX_PARTS = 100

_LINE_END = re.compile(rb"--|[ \t]{0,64}\r\n")
_LINE_POSSIBLE = rb"(?:--|-?\Z|[ \t]{0,64}(?:\r\n|\r?\Z))"
_LINE_BEGUN = re.compile(rb"-?|[ \t]{0,64}\r?")


class PartStream:
    """Reads `source` part by part: `next_part`, then `readinto` until 0, and again.

    Not werkzeug's decoder: the content of a part goes to its reader with one copy instead of four, at three times
    the speed, and a boundary needs its CRLF, so that a file's own line ends are never taken for a part of it.
    """

    def __init__(self, source: ByteSource, boundary: bytes) -> None:
        self._source = source
        self._delimiter = b"\r\n--" + boundary
        self._buffer = bytearray(WINDOW)
        self._view = memoryview(self._buffer)
        # The first boundary may stand at the very start: as if a line end came before it.
        self._buffer[:2] = b"\r\n"
        self._start, self._end = 0, 2
        self._content_end = 0
        """Up to here the window holds the current part's content."""
        self._candidate: re.Pattern[bytes] | None = None
        self._line_end: int | None = None
        """Where the delimiter at `_start` ends, once the content is over."""
        self._overhead = 0
        self._parts = 0

    def next_part(self) -> PartHeader | None:
        """Skip to the next part; None at the closing boundary.

        Raises BadRequest, TooLarge, Invalid for a name in another encoding than UTF-8, and what the source raises.
        """
        if self._parts == 0:
            self._skip_preamble()
        line_end = self._delimiter_line()
        if line_end is None:
            raise AssertionError("the current part was not read to its end")
        closing = self._buffer[line_end - 2 : line_end] == b"--"
        self._skip(line_end - self._start)
        if closing:
            return None
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise BadRequest(f"The form has more than {MAX_PARTS} parts.")
        return part_header(self._header_block())

    def readinto(self, buffer: memoryview) -> int:
        """The next bytes of the current part; 0 at its end. Raises what the source raises, UploadInterrupted."""
        if len(buffer) >= DIRECT and self._line_end is None and (count := self._read_direct(buffer)):
            return count
        while self._start == self._content_end:
            if self._line_end is not None:
                return 0
            self._scan()
        count = min(len(buffer), self._content_end - self._start)
        buffer[:count] = self._view[self._start : self._start + count]
        self._start += count
        return count

    def drain(self) -> None:
        """Read on to the body's real end. Raises TooLarge, and what the source raises."""
        self._skip(self._end - self._start)
        while self._fill():
            self._skip(self._end - self._start)

    def _read_direct(self, buffer: memoryview) -> int:
        """Fill `buffer` from the source with no copy; stash in the window what may be a delimiter, and what follows.

        How many bytes are content; with 0 the window has to be searched.
        """
        held = self._end - self._start
        if held >= LOOK_AHEAD:
            return 0
        buffer[:held] = self._view[self._start : self._end]
        came = held + self._source.readinto(buffer[held:])
        found = find(self._delimiter, buffer[:came])
        count = found if found >= 0 else max(0, came - len(self._delimiter) + 1)
        self._stash(buffer[count:came])
        return count if found >= 0 or came < len(buffer) else count + self._confirm_tail(came - count)

    def _confirm_tail(self, count: int) -> int:
        """Read on to see how many of the `count` stashed bytes, the last of a full buffer, are content; take them out.

        A reader whose buffer is filled at once runs half as much code, which is slow: after so many bytes none of it
        is in the processor's cache.
        """
        self._fill(LOOK_AHEAD)
        self._scan()
        count = min(count, self._content_end - self._start)
        self._start += count
        return count

    def _stash(self, content: memoryview) -> None:
        """Have only this in the window, not searched yet."""
        if len(content) > len(self._buffer):
            self._buffer = bytearray(len(content))
            self._view = memoryview(self._buffer)
        self._view[: len(content)] = content
        self._start, self._end, self._content_end = 0, len(content), 0

    def _scan(self) -> None:
        """Move `_content_end` to the next delimiter, or as far as none can begin."""
        found = self._buffer.find(self._delimiter, self._start, self._end)
        if found == self._start:
            self._line_end = self._delimiter_line()
            if self._line_end is None:
                self._content_end = self._next_candidate()
        elif found > 0:
            self._content_end = found
        else:
            self._content_end = max(self._start, self._end - len(self._delimiter) + 1)
            if self._content_end == self._start:
                self._fill_or_refuse()

    def _next_candidate(self) -> int:
        """Behind what only looked like a delimiter: where the next may be that is one, or may become one.

        A file may have nothing else in it, and to look at them one by one would cost 2 µs each.
        """
        if self._candidate is None:
            self._candidate = re.compile(re.escape(self._delimiter) + _LINE_POSSIBLE)
        found = self._candidate.search(self._buffer, self._start + 1, self._end)
        return found.start() if found else max(self._start + 1, self._end - len(self._delimiter) + 1)

    def _delimiter_line(self) -> int | None:
        """Where the delimiter line at the start of the window ends; None if it is content that looks like one."""
        while True:
            after = self._start + len(self._delimiter)
            if not self._buffer.startswith(self._delimiter[: self._end - self._start], self._start):
                return None
            line_end = _LINE_END.match(self._buffer, after, self._end)
            if line_end is not None:
                return line_end.end()
            if after < self._end and not _LINE_BEGUN.fullmatch(self._buffer, after, self._end):
                return None
            self._fill_or_refuse()

    def _skip_preamble(self) -> None:
        while self._line_end is None:
            self._skip(self._content_end - self._start)
            self._scan()

    def _header_block(self) -> bytes:
        while (end := self._buffer.find(b"\r\n\r\n", self._start, min(self._end, self._start + MAX_HEADER))) < 0:
            if self._end - self._start >= MAX_HEADER:
                raise BadRequest(f"The header of a part is over {MAX_HEADER} bytes.")
            self._fill_or_refuse()
        block = bytes(self._buffer[self._start : end])
        self._skip(end + 2 - self._start)
        # A part without content may share the blank line's end with the delimiter.
        if self._delimiter_line() is None:
            self._skip(2)
        return block

    def _skip(self, count: int) -> None:
        """Skip bytes that are neither a field's text nor the file."""
        self._start += count
        self._content_end, self._line_end = self._start, None
        self._overhead += count
        if self._overhead > MAX_OVERHEAD:
            raise TooLarge(f"The form around its fields is over {MAX_OVERHEAD} bytes.")

    def _fill_or_refuse(self) -> None:
        if not self._fill():
            if self._parts == 0:
                raise BadRequest("The body does not hold the boundary that its Content-Type names.")
            raise UploadInterrupted("The form ended before its closing boundary; nothing was stored. Send it again.")

    def _fill(self, size: int | None = None) -> bool:
        """Move what is unread to the front and read on until the window has `size` bytes; False at the body's end.

        Searching a full window is several times faster than searching each piece that a client sends.
        """
        unread = self._end - self._start
        self._view[:unread] = self._view[self._start : self._end]
        self._content_end -= self._start
        self._start, self._end, size = 0, unread, size or len(self._buffer)
        while self._end < size and (count := self._source.readinto(self._view[self._end : size])):
            self._end += count
        return self._end > unread
