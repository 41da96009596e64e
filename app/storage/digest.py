"""SHA-256 whose state can be stored and carried on by another process, for uploads in pieces."""

from importlib.metadata import version

from rehashes import PySha256

FORMAT = f"rehashes {version('rehashes')}"
"""Whose states these are: another version of the package may not read them."""

BLOCK = 256 * 1024
"""Bytes hashed at once (0.15 ms): the package holds the interpreter's lock meanwhile."""


class ResumableSha256:
    """A SHA-256 of bytes that come over several processes. Plain uploads have hashlib's, which lets others run."""

    def __init__(self, state: bytes = b"") -> None:
        """`state`: what `state()` gave for all bytes before these, under the same FORMAT."""
        self._sha256 = PySha256.deserialize(state) if state else PySha256()

    def update(self, content: memoryview) -> None:
        """Go on with `content`."""
        for start in range(0, len(content), BLOCK):
            self._sha256.update(bytes(content[start : start + BLOCK]))

    def state(self) -> bytes:
        """For another ResumableSha256 to go on from here."""
        return bytes(self._sha256.serialize())

    def hexdigest(self) -> str:
        """Of all bytes so far, in lower-case hex; it can go on after this."""
        return str(PySha256.deserialize(self._sha256.serialize()).finalize())
