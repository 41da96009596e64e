"""DSSE envelopes with one in-toto statement: what they say they are about, and who has signed them.

https://github.com/secure-systems-lab/dsse/blob/master/protocol.md, https://in-toto.io/Statement/v1
"""

from dataclasses import dataclass
from typing import Any

from app.trust.strict_json import Malformed, decoded, loads, member, told

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENTS = ("https://in-toto.io/Statement/v0.1", "https://in-toto.io/Statement/v1")
MAX_SIGNATURES = 16


@dataclass(frozen=True, slots=True)
class Statement:
    """An in-toto statement: the SHA-256 of each of its subjects in hex, and what is said of them."""

    digests: frozenset[str]
    predicate_type: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """A DSSE envelope. Each of `signatures` is over `message`, its pre-authentication encoding."""

    message: bytes
    payload: bytes
    signatures: tuple[bytes, ...]
    key_id: str | None


def read_envelope(value: Any) -> Envelope:
    """The envelope that this JSON is. Raises Malformed, also for a payload that is no in-toto statement."""
    if member(value, "payloadType") != PAYLOAD_TYPE:
        raise Malformed(f"Its payload is not {PAYLOAD_TYPE}.")
    payload = decoded(member(value, "payload"), "Its payload")
    listed = member(value, "signatures", kind=list) or []
    if not 1 <= len(listed) <= MAX_SIGNATURES:
        raise Malformed(f"It has not 1 to {MAX_SIGNATURES} signatures.")
    signatures = tuple(decoded(member(each, "sig"), "Its signature") for each in listed)
    key_id = told(member(listed[0], "keyid", kind=str))
    return Envelope(pre_authentication_encoding(payload), payload, signatures, key_id or None)


def pre_authentication_encoding(payload: bytes) -> bytes:
    """What is signed of an in-toto payload (DSSE, PAE)."""
    return b"DSSEv1 %d %b %d %b" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)


def read_statement(payload: bytes) -> Statement:
    """The in-toto statement. Raises Malformed."""
    value = loads(payload)
    if member(value, "_type") not in STATEMENTS:
        raise Malformed("Its payload is no in-toto statement.")
    predicate_type = told(member(value, "predicateType", kind=str))
    subjects = member(value, "subject", kind=list)
    if not predicate_type or not subjects:
        raise Malformed("Its statement has no subject or no predicateType.")
    digests = {member(each, "digest", "sha256", kind=str) for each in subjects}
    return Statement(frozenset(digest.lower() for digest in digests if digest), predicate_type)
