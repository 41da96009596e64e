"""What a browser prefers, in cookies that the server reads: no flash of the other theme, no script in the page."""

from typing import Literal

from flask import Response, request

from app.console.session import cookie_path, is_secure

THEME_COOKIE = "opamp_theme"
SHORTCUTS_COOKIE = "opamp_shortcuts"
A_YEAR = 365 * 86400

Theme = Literal["auto", "light", "dark"]
THEMES: tuple[Theme, ...] = ("auto", "light", "dark")


def theme() -> Theme:
    """The theme that this browser has chosen; `auto` is the system's."""
    chosen = request.cookies.get(THEME_COOKIE, "auto")
    return next((known for known in THEMES if known == chosen), "auto")


def has_shortcuts() -> bool:
    """Whether single keys are shortcuts (WCAG 2.1.4: they can be turned off)."""
    return request.cookies.get(SHORTCUTS_COOKIE) != "off"


def keep(response: Response, cookie: str, value: str) -> None:
    """Keep a preference in the browser for a year."""
    response.set_cookie(
        cookie, value, max_age=A_YEAR, path=cookie_path(), secure=is_secure(), httponly=True, samesite="Lax"
    )
