"""The commands of `flask --app wsgi`."""

from flask import Flask

from app.accounts.commands import tokens, users
from app.objects.commands import storage


def register(app: Flask) -> None:
    """Add the command groups to `app`."""
    for group in (users, tokens, storage):
        app.cli.add_command(group)
