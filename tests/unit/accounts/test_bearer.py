"""Reading the Authorization header."""

import pytest
from flask import Flask

from app.accounts.auth import bearer_token
from app.errors import Unauthorized


def read(header):
    with Flask(__name__).test_request_context(environ_overrides={"HTTP_AUTHORIZATION": header}):
        return bearer_token()


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "beArEr"])
def test_scheme_in_any_case(scheme):
    """The scheme's case plays no part; the token's does."""
    assert read(f"{scheme} aA.b-_9.C") == "aA.b-_9.C"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "a.b.c",
        "Bearer  a.b.c",
        " Bearer a.b.c",
        "Bearer a.b.c ",
        "Bearer\ta.b.c",
        "Bearer a.b.c\n",
        "Bearer a.b.c,",
        "Bearer a.b.c,Bearer a.b.c",
        "Bearer a.b.c, Bearer a.b.c",
        "Bearer a.b.c a.b.c",
        'Bearer "a.b.c"',
        "Bearer a.b",
        "Bearer a.b.c.d",
        "Bearer a.b.",
        "Bearer a+/.b.c",
        "Bearer a=.b.c",
        "Basic a.b.c",
        "JWT a.b.c",
        "Bearer\u017f a.b.c",
        "Bearer \u0131.b.c",
    ],
)
def test_anything_else_is_no_token(header):
    """One scheme, one space, one token in three parts."""
    with pytest.raises(Unauthorized):
        read(header)


def test_no_header():
    """No header, no token."""
    with Flask(__name__).test_request_context(), pytest.raises(Unauthorized):
        bearer_token()
