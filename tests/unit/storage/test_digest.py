"""SHA-256 that is carried on from its state."""

import hashlib
import random
from collections.abc import Callable

import pytest

from app.storage import libcrypto
from app.storage.digest import FORMAT, RehashesSha256, ResumableSha256, carried_on
from app.storage.libcrypto import CONTEXT, LibcryptoSha256

KINDS = pytest.mark.parametrize("kind", [RehashesSha256, LibcryptoSha256])


@KINDS
def test_carried_on(kind: Callable[[bytes], ResumableSha256]) -> None:
    """Over pieces of any size, each hashed from the state that the one before has left, it is hashlib's."""
    content, chance, start, state = random.Random(1).randbytes(700_000), random.Random(2), 0, b""
    while start < len(content):
        piece = content[start : start + chance.choice((0, 1, 63, 64, 65, 9_999, 300_000))]
        sha256 = kind(state)
        sha256.update(memoryview(bytearray(piece)))
        start, state = start + len(piece), sha256.state()
        assert sha256.hexdigest() == hashlib.sha256(content[:start]).hexdigest()


def test_used_here() -> None:
    """This Python's libcrypto has what is needed, and new uploads are hashed by it."""
    assert isinstance(carried_on(b"", FORMAT), LibcryptoSha256)


def test_states_of_rehashes() -> None:
    """An upload that was begun with the other one is carried on by that."""
    begun = RehashesSha256()
    begun.update(memoryview(bytearray(b"abc")))
    carried = carried_on(begun.state(), RehashesSha256.FORMAT)
    assert carried is not None
    assert carried.hexdigest() == hashlib.sha256(b"abc").hexdigest()


def test_states_of_others() -> None:
    """What nobody here reads is not known."""
    assert carried_on(b"x", "rehashes 0.0.1") is None
    assert carried_on(None, FORMAT) is None


def test_without_the_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python without them works on with rehashes."""

    class Bare:
        def __init__(self, _name: str) -> None:
            pass

    monkeypatch.setattr("app.storage.libcrypto.ctypes.CDLL", Bare)
    for cached in (libcrypto.works, libcrypto._library):
        cached.cache_clear()
    try:
        assert not libcrypto.works()
        assert carried_on(bytes(CONTEXT.size), libcrypto.FORMAT) is None
    finally:
        for cached in (libcrypto.works, libcrypto._library):
            cached.cache_clear()


@pytest.mark.parametrize("waiting", [64, 2**32 - 1])
def test_a_state_that_is_none(waiting: int) -> None:
    """A structure with which OpenSSL would write beyond its block is refused, and so is one of another size."""
    bad = CONTEXT.pack(*range(10), b"", waiting, 32)
    with pytest.raises(ValueError, match="no state"):
        LibcryptoSha256(bad)
    with pytest.raises(ValueError, match="no state"):
        LibcryptoSha256(bad[:-1])
