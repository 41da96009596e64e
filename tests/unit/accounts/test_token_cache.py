"""Remembering tokens that were found sound."""

import time

import pytest

from app.accounts import token_cache, tokens
from app.accounts.token_cache import TokenCache
from app.accounts.tokens import Claims
from app.errors import Unauthorized


@pytest.fixture
def decoded(monkeypatch):
    """What was decoded; each token is one of user 1 that lasts as long as its text says."""
    asked = []

    def decode(encoded):
        asked.append(encoded)
        if encoded == "bad":
            raise Unauthorized
        return Claims("user", 1, "series", time.time() + float(encoded.split()[0]))

    monkeypatch.setattr(tokens, "decode", decode)
    return asked


def test_a_token_is_decoded_once(decoded):
    """The second request does not decode again."""
    kept = TokenCache()
    assert kept.claims("60") == kept.claims("60")
    assert decoded == ["60"]


def test_a_remembered_token_still_ends(decoded):
    """Its time is looked at on every request."""
    kept = TokenCache()
    kept.claims("0.05")
    time.sleep(0.06)
    with pytest.raises(Unauthorized):
        kept.claims("0.05")


def test_bad_tokens_are_not_remembered(decoded):
    """Nobody fills the memory with tokens that do not count."""
    kept = TokenCache()
    for _ in range(2):
        with pytest.raises(Unauthorized):
            kept.claims("bad")
    assert decoded == ["bad", "bad"]


def test_memory_is_bounded(decoded, monkeypatch):
    """At most so many tokens are kept, and no long ones."""
    monkeypatch.setattr(token_cache, "MAX_ENTRIES", 3)
    kept = TokenCache()
    for number in range(10):
        kept.claims(f"60 {number}")
        assert len(kept._claims) <= 3
    kept.claims("60 " + "x" * 2000)
    assert not any(len(encoded) > 1024 for encoded in kept._claims)
