"""SHA-256 by OpenSSL's SHA256_Update (ctypes): its state is a plain C structure, which can be stored.

The functions are deprecated since OpenSSL 3.0, and Pythons that are linked statically have none of them: `works` tells.
hashlib and EVP give no state away.
"""

import ctypes
import functools
import hashlib
import importlib
import struct
import sys
from typing import Any

FORMAT = f"SHA256_CTX {sys.byteorder}"
"""The structure is the same in all versions of OpenSSL."""

CONTEXT = struct.Struct("=8I2I64s2I")
"""SHA256_CTX: the hash, the number of bits, the block that is not full yet, its bytes, the digest's."""

BLOCK, DIGEST = 64, 32
PROBE = bytes(range(256)) * 3


class LibcryptoSha256:
    """A SHA-256 that can be carried on, see app.storage.digest. Other threads run meanwhile."""

    def __init__(self, state: bytes = b"") -> None:
        """Raises ValueError for what is no state."""
        if state:
            _insist_on_state(state)
        self._library = _library()
        self._context = ctypes.create_string_buffer(state or bytes(CONTEXT.size), CONTEXT.size)
        if not state:
            self._library.SHA256_Init(self._context)

    def update(self, content: memoryview) -> None:
        """Go on with `content`, which is writable."""
        if content:
            self._library.SHA256_Update(self._context, ctypes.byref(ctypes.c_char.from_buffer(content)), len(content))

    def state(self) -> bytes:
        """For another one to go on from here."""
        return self._context.raw

    def hexdigest(self) -> str:
        """Of all bytes so far, in lower-case hex; it can go on after this."""
        digest, context = ctypes.create_string_buffer(DIGEST), ctypes.create_string_buffer(self.state(), CONTEXT.size)
        self._library.SHA256_Final(digest, context)
        return digest.raw.hex()


@functools.cache
def works() -> bool:
    """Whether it is here, and gives what hashlib gives, over a state that was stored and read."""
    try:
        first = LibcryptoSha256()
        first.update(memoryview(bytearray(PROBE[:100])))
        second = LibcryptoSha256(first.state())
        second.update(memoryview(bytearray(PROBE[100:])))
    except (ImportError, OSError, AttributeError, ValueError):
        return False
    return second.hexdigest() == hashlib.sha256(PROBE).hexdigest()


@functools.cache
def _library() -> Any:
    """What hashlib is linked to. Raises ImportError, OSError, AttributeError where that is not to be had."""
    library = ctypes.CDLL(importlib.import_module("_hashlib").__file__ or "")
    for function, arguments in (("Init", 1), ("Update", 3), ("Final", 2)):
        signature = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t][:arguments]
        getattr(library, f"SHA256_{function}").argtypes = signature
    return library


def _insist_on_state(state: bytes) -> None:
    """Raises ValueError for a structure with which OpenSSL would write beside it."""
    if len(state) == CONTEXT.size:
        *_, waiting, digest_size = CONTEXT.unpack(state)
        if waiting < BLOCK and digest_size == DIGEST:
            return
    raise ValueError("This is no state of a SHA-256.")
