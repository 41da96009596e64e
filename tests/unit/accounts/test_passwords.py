"""Password hashes and what they cost."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher

from app.accounts.passwords import AT_ONCE, Passwords


@pytest.fixture(scope="module")
def passwords():
    return Passwords()


def test_hash_is_argon2id_at_the_agreed_cost(passwords):
    """19 MiB, two passes, one lane."""
    assert passwords.hash("correct horse battery").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_same_password_has_many_hashes(passwords):
    """Each hash has a salt of its own."""
    assert passwords.hash("correct horse battery") != passwords.hash("correct horse battery")


def test_only_the_password_matches(passwords):
    """The very same characters, and no others."""
    password_hash = passwords.hash("correct horse battery")
    assert passwords.match(password_hash, "correct horse battery")
    for other in ("", "Correct horse battery", "correct horse battery ", "correct horse battery\0"):
        assert not passwords.match(password_hash, other)


@pytest.mark.parametrize("password_hash", [None, "", "not a hash", "$argon2id$v=19$m=19456,t=2,p=1$x$y"])
def test_without_a_hash_nothing_matches(passwords, password_hash):
    """No user, or a damaged hash, is no match and no error."""
    assert not passwords.match(password_hash, "correct horse battery")


def test_two_hashes_at_once(passwords, monkeypatch):
    """However many log in, two hashes are under way at a time."""
    running, most, lock = 0, 0, threading.Lock()
    verify = PasswordHasher.verify

    def counted(*given):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        try:
            return verify(*given)
        finally:
            with lock:
                running -= 1

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: passwords.match(None, "x"), range(16)))
    assert most == AT_ONCE
