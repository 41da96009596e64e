"""The commands of `flask --app wsgi`."""

from flask import Flask

from app.accounts.commands import tokens, users


def register(app: Flask) -> None:
    """Add the command groups to `app`."""
    for group in (users, tokens):
        app.cli.add_command(group)
