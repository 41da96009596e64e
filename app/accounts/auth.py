"""Authorization of handlers: the bearer token of a request, and the role that its owner has now."""

import functools
import re
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from flask import g, request

from app.accounts.caller import Caller
from app.accounts.roles import Role
from app.accounts.store import AccountStore
from app.accounts.token_cache import TokenCache
from app.errors import Forbidden, MalformedToken, TokenEnded, Unauthorized
from app.http.openapi.describe import for_role
from app.http.services import get

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")

BEARER = re.compile(r"bearer ([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)", re.ASCII | re.IGNORECASE)
"""One scheme, one space, one token (RFC 6750, 2.1). A second header field arrives joined by a comma."""

OTHER_FILE = "This token is for the download of one file, and for nothing else."


Loader = Callable[..., tuple[Caller | None, Any]]
"""Given the token's claims and the path's values: the caller, and what the path names, None if there is none."""


def requires(
    role: Role, *, file_tokens: bool = False, loads: Loader | None = None
) -> Callable[[Callable[Arguments, Answer]], Callable[Arguments, Answer]]:
    """Let callers with `role` or a higher one into the handler, no others. Raises Unauthorized, Forbidden.

    `file_tokens`: also those with a token for one file; the handler sees to it that this is the file.
    `loads`: fetches what the request names in the query that the token costs; the handler has it by `loaded`.
    """

    def decorate(view: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
        @functools.wraps(view)
        def guarded(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Answer:
            claims = get(TokenCache).claims(bearer_token())
            caller, g.loaded = loads(claims, **kwargs) if loads else (get(AccountStore).caller(claims), None)
            if caller is None:
                raise TokenEnded
            if not caller.is_noted:
                get(AccountStore).note_use(caller.id)
            admit(caller, role, file_tokens=file_tokens)
            return view(*args, **kwargs)

        return for_role(role.label)(guarded)

    return decorate


def admit(caller: Caller, role: Role, *, file_tokens: bool = False) -> None:
    """Make `caller` the one behind this request.

    Raises Forbidden if its role is lower than `role`, or if its token is for one file and `file_tokens` is not set.
    """
    g.caller = caller
    if caller.file is not None and not file_tokens:
        raise Forbidden(OTHER_FILE)
    caller.insist_on(role)


def caller() -> Caller:
    """Who makes this request. Only in a handler that `requires` a role."""
    return cast("Caller", g.caller)


def loaded() -> Any:
    """What the `loads` of this handler's `requires` has fetched, None if there is none."""
    return g.loaded


def bearer_token() -> str:
    """The token of the Authorization header. Raises Unauthorized if there is not exactly one, well formed."""
    header = request.environ.get("HTTP_AUTHORIZATION")
    if header is None:
        raise Unauthorized
    field = BEARER.fullmatch(header)
    if field is None:
        raise MalformedToken("Send one token as 'Authorization: Bearer …', with one space and nothing else.")
    return field[1]
