"""SHA-256 whose state can be stored and carried on by another process, for uploads in pieces.

By libcrypto where Python's own is linked to it, else by the package `rehashes`, which takes copies and holds the
interpreter's lock meanwhile: a PATCH of 256 MiB then costs a twentieth more of the processor. Plain uploads have
hashlib's, whose state stays within.
"""

from importlib.metadata import version
from typing import Protocol

from rehashes import PySha256

from app.storage import libcrypto

BLOCK = 256 * 1024
"""Bytes that `rehashes` hashes at once (0.15 ms)."""

USES_LIBCRYPTO = libcrypto.works()
"""Whether new uploads are hashed by it. False is right everywhere, and slower."""


class ResumableSha256(Protocol):
    """A SHA-256 of bytes that come over several processes."""

    def update(self, content: memoryview) -> None:
        """Go on with `content`, which is writable."""

    def state(self) -> bytes:
        """For another of the same format to go on from here."""

    def hexdigest(self) -> str:
        """Of all bytes so far, in lower-case hex; it can go on after this."""


class RehashesSha256:
    """One by `rehashes`."""

    FORMAT = f"rehashes {version('rehashes')}"
    """Whose states these are: another version of the package may not read them."""

    def __init__(self, state: bytes = b"") -> None:
        self._sha256 = PySha256.deserialize(state) if state else PySha256()

    def update(self, content: memoryview) -> None:
        """Go on with `content`."""
        for start in range(0, len(content), BLOCK):
            self._sha256.update(bytes(content[start : start + BLOCK]))

    def state(self) -> bytes:
        """See ResumableSha256."""
        return bytes(self._sha256.serialize())

    def hexdigest(self) -> str:
        """See ResumableSha256."""
        return str(PySha256.deserialize(self._sha256.serialize()).finalize())


FORMAT = libcrypto.FORMAT if USES_LIBCRYPTO else RehashesSha256.FORMAT
"""Of new uploads' states."""


def carried_on(state: bytes | None, state_format: str) -> ResumableSha256 | None:
    """The hash whose state that is, b"" at the beginning; None where it is not known, or nobody here reads it.

    Raises ValueError for what is no state of that format.
    """
    if state is None:
        return None
    if state_format == RehashesSha256.FORMAT:
        return RehashesSha256(state)
    if state_format == libcrypto.FORMAT and libcrypto.works():
        return libcrypto.LibcryptoSha256(state)
    return None
