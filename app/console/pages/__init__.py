"""The console's pages: handlers that parse, make one call, and render."""

from types import ModuleType

from app.console.pages import account, files, jump, login, overview, packages, service

MODULES: tuple[ModuleType, ...] = (login, overview, packages, files, account, jump, service)
"""Their decorators register the routes."""
