"""Session of the console: its cookie, and the caller behind a page.

The cookie opens nothing but /ui: its path is that, and no handler of the API looks at it.
"""

from typing import cast

from flask import Response, g, request

from app.accounts.caller import Caller
from app.accounts.roles import Role
from app.accounts.sessions import ConsoleSession, SessionStore
from app.config import Config
from app.console.links import prefix
from app.http.services import get

COOKIE = "opamp_console"


def is_secure() -> bool:
    """Whether browsers reach the service by https."""
    return get(Config).server.public_url.startswith("https://")


def cookie_name() -> str:
    """The cookie's name; with https one that a page of http cannot set (RFC 6265bis, 4.1.3.1)."""
    return f"__Secure-{COOKIE}" if is_secure() else COOKIE


def cookie_path() -> str:
    """The path of the console's cookies."""
    return f"{prefix()}/ui"


def current() -> ConsoleSession | None:
    """The session of this request, None if it has none that counts. One query, once. Raises DatabaseUnavailable."""
    if "console_session" not in g:
        key = request.cookies.get(cookie_name())
        found = get(SessionStore).find(key) if key else None
        g.console_session = found
        g.caller = found and found.caller
    return cast("ConsoleSession | None", g.console_session)


def current_session() -> ConsoleSession:
    """The session behind this page. Only in one that has a role."""
    return cast("ConsoleSession", g.console_session)


def known() -> ConsoleSession | None:
    """The session if this request has asked for it already: no query, for pages that tell of errors."""
    return cast("ConsoleSession | None", g.get("console_session"))


def caller() -> Caller:
    """Who is behind this page. Only in one that has a role."""
    return cast("Caller", g.caller)


def address() -> str:
    """The network address of who asks."""
    return request.remote_addr or ""


def may(role: str) -> bool:
    """Whether the caller has the role of this label; for templates."""
    found = known()
    return found is not None and found.caller.role >= Role.labelled(role)


def give(response: Response, key: str) -> None:
    """Set the session's cookie: for the browser's session, and for /ui alone."""
    response.set_cookie(
        cookie_name(), key, path=cookie_path(), secure=is_secure(), httponly=True, samesite="Lax", max_age=None
    )


def take(response: Response) -> None:
    """Remove the session's cookie."""
    response.delete_cookie(cookie_name(), path=cookie_path(), secure=is_secure(), httponly=True, samesite="Lax")
