"""JSON Web Tokens by flask-jwt-extended, with every claim required that it leaves optional."""

import hashlib
import hmac
import re
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import jwt as pyjwt
from flask import Flask, current_app
from flask_jwt_extended import JWTManager, create_access_token, decode_token

from app.accounts.caller import Caller, FileScope, Kind
from app.errors import MalformedToken, TokenExpired

jwt = JWTManager()

ISSUER = "opamp-packages"
AUDIENCE = "opamp-packages"
ALGORITHM = "HS256"
SUBJECT = re.compile(r"(user|token):([1-9][0-9]{0,18})", re.ASCII)
IDENTIFIER = re.compile(r"[0-9A-Za-z-]{1,64}", re.ASCII)
TIMES = ("exp", "iat", "nbf")
MAX_ID = 2**63 - 1

CLOCK_SKEW = 10
"""Seconds by which the clocks of replicas may differ: `iat` and `nbf` may lie so far ahead. `exp` has none of it."""

FILE_TYPE = "file"
FILE_KEY = "OPAMP_FILE_TOKEN_KEY"
FILE_SECONDS = 24 * 3600
"""How long a token for one file lasts."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says: whose it is, of which series, and until when (seconds since the epoch).

    `file`: it opens this file only, and was made on behalf of its owner.
    """

    kind: Kind
    id: int
    series: str
    expires_at: float
    file: FileScope | None = None


def install(app: Flask, secret_key: str) -> None:
    """Bind flask-jwt-extended to `app`. Tokens are signed with `secret_key`, those for files with a key out of it."""
    app.config.update(
        {FILE_KEY: hmac.digest(secret_key.encode(), b"opamp-packages file tokens", hashlib.sha256).hex()},
        JWT_SECRET_KEY=secret_key,
        JWT_ALGORITHM=ALGORITHM,
        JWT_DECODE_ALGORITHMS=[ALGORITHM],
        JWT_ENCODE_ISSUER=ISSUER,
        JWT_DECODE_ISSUER=ISSUER,
        JWT_ENCODE_AUDIENCE=AUDIENCE,
        JWT_DECODE_AUDIENCE=AUDIENCE,
        JWT_ENCODE_NBF=False,
        JWT_DECODE_LEEWAY=CLOCK_SKEW,
    )
    jwt.init_app(app)
    jwt.decode_key_loader(_key_of_type)


def _key_of_type(_header: dict[str, Any], unverified_claims: dict[str, Any]) -> str:
    """The key for this type of token; KeyError for an unknown type or none.

    This is the only place to see that a token has no type: flask-jwt-extended gives it one afterwards.
    """
    keys = {"access": current_app.config["JWT_SECRET_KEY"], FILE_TYPE: current_app.config[FILE_KEY]}
    key: str = keys[unverified_claims["type"]]
    return key


def encode(kind: Kind, owner_id: int, series: str, expires_at: datetime) -> str:
    """A token for a user or machine token; `expires_at` is kept to the second."""
    own_claims = {"exp": expires_at, "series": series}
    encoded: str = create_access_token(f"{kind}:{owner_id}", expires_delta=False, additional_claims=own_claims)
    return encoded


def encode_file(issuer: Caller, file: FileScope) -> str:
    """A token that opens one file for a day, or until the issuer's own token ends. It costs no query and no row."""
    now = int(time.time())
    claims = {
        "type": FILE_TYPE,
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": issuer.subject,
        "series": issuer.series,
        "jti": FILE_TYPE,
        "iat": now,
        "exp": now + FILE_SECONDS,
        "file": [file.package_id, file.checksum, file.path_digest],
    }
    return pyjwt.encode(claims, current_app.config[FILE_KEY], ALGORITHM)


def decode(encoded: str) -> Claims:
    """The claims of a token that is whole, ours and in its time. Raises MalformedToken, TokenExpired."""
    try:
        return _checked(decode_token(encoded))
    except pyjwt.ExpiredSignatureError as error:
        raise TokenExpired from error
    except Exception as error:  # whatever a hostile token breaks in decoding: it is no token
        raise MalformedToken from error


def _checked(claims: dict[str, Any]) -> Claims:
    subject = SUBJECT.fullmatch(claims["sub"])
    identified = IDENTIFIER.fullmatch(claims["jti"]) and IDENTIFIER.fullmatch(claims["series"])
    timed = "exp" in claims and all(type(claims.get(name, 0)) in (int, float) for name in TIMES)
    if subject is None or not identified or not timed or int(subject[2]) > MAX_ID:
        raise MalformedToken
    file = FileScope(*claims["file"]) if claims["type"] == FILE_TYPE else None
    return Claims(cast("Kind", subject[1]), int(subject[2]), claims["series"], claims["exp"], file)
