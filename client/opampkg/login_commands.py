"""`login`, `logout`, `whoami`."""

from __future__ import annotations

import getpass
import sys

from opampkg import settings as settings_module
from opampkg.credentials import Credentials
from opampkg.documents import document
from opampkg.errors import WrongUsage
from opampkg.run import Run
from opampkg.settings import folder
from opampkg.tokens import Token


def login(run: Run) -> None:
    """Keep a token for the profile: the one on stdin, or one for a user name and a password."""
    settings = run.settings()
    token = Token(first_line("token")).text() if run.options.token_stdin else asked(run)
    with run.client_with(settings, token) as client:
        user = client.me()
    Credentials(folder()).write(settings.profile, settings.server, token)
    settings_module.keep(settings)
    run.show(document(user), f"Logged in at {settings.server} as {user.username} ({user.role}).")


def asked(run: Run) -> str:
    """A token for the name and the password that somebody gives. Raises WrongUsage where nobody can be asked."""
    name, is_terminal = run.options.username, sys.stdin.isatty()
    if not run.options.password_stdin and not is_terminal:
        raise WrongUsage("There is no terminal to ask for a password: use --password-stdin or --token-stdin.")
    if not name and run.options.password_stdin:
        raise WrongUsage("--password-stdin needs --username.")
    name = name or input("User name: ")
    password = first_line("password") if run.options.password_stdin else getpass.getpass()
    with run.client_with(run.settings(), None) as client:
        return client.login(name, password)


def first_line(what: str) -> str:
    """The first line of stdin without its end. Raises WrongUsage if it is empty."""
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise WrongUsage(f"The {what} is to be the first line of stdin, which is empty.")
    return line


def logout(run: Run) -> None:
    """Forget the profile's token."""
    settings = run.settings()
    was_there = Credentials(folder()).remove(settings.profile, settings.server)
    told = "Logged out of" if was_there else "There was no token for"
    run.show({"server": settings.server, "profile": settings.profile}, f"{told} {settings.server}.")


def whoami(run: Run) -> None:
    """Whose token it is."""
    with run.client() as client:
        user = client.me()
        run.show(document(user), f"{user.username} ({user.role}, {user.kind}) at {client.http.url.geturl()}")
