"""The console's pages: handlers that parse, make one call, and render."""

from types import ModuleType

from app.console.pages import login, overview

MODULES: tuple[ModuleType, ...] = (login, overview)
"""Their decorators register the routes."""
