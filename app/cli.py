"""The commands of `flask --app wsgi`."""

from flask import Flask

from app.accounts.commands import tokens, users
from app.objects.commands import storage
from app.packages.commands import scrub
from app.signatures.commands import signatures


def register(app: Flask) -> None:
    """Add the command groups to `app`."""
    storage.add_command(scrub)
    for group in (users, tokens, storage, signatures):
        app.cli.add_command(group)
