"""The console's pages: handlers that parse, make one call, and render."""

from types import ModuleType

from app.console.pages import (
    account,
    agents,
    channel_editor,
    channels,
    files,
    jump,
    login,
    overview,
    packages,
    policies,
    policy_editor,
    rollouts,
    service,
    tokens,
    uploads,
    users,
)

MODULES: tuple[ModuleType, ...] = (
    *(login, overview, packages, files, channels, channel_editor, agents, rollouts, policies, policy_editor),
    *(uploads, tokens, users, account, jump, service),
)
"""Their decorators register the routes."""
