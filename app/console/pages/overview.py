"""The overview: what runs, fails and was published; first steps while there is nothing."""

from flask import Response

from app.accounts.roles import Role
from app.console.blueprint import page
from app.console.rendering import render


@page("/", Role.AGENT)
def overview() -> Response:
    """The first page."""
    return render("overview.html")
