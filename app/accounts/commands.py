"""The command groups `users` and `tokens`."""

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

import click
from flask.cli import AppGroup
from marshmallow import Schema
from sqlalchemy.exc import SQLAlchemyError

from app.accounts.manager import DEFAULT_TOKEN_DAYS, AccountManager
from app.accounts.roles import LABELS
from app.accounts.schemas import NewTokenSchema, NewUserSchema
from app.errors import Invalid, ServiceError
from app.http.services import get
from app.http.validation import load

CREATED_BY = "command line"
"""Who made a token that a command made."""

MAX_INPUT = 2**20
"""Bytes read of standard input: more than any password has."""

role_option = click.option("--role", type=click.Choice(LABELS), required=True, help="What they may do.")

users = AppGroup("users", help="Users, who log in with a password.")
tokens = AppGroup("tokens", help="Machine tokens, for programs.")


@users.command("create")
@click.argument("name")
@role_option
@click.option("--password-stdin", is_flag=True, required=True, help="Read the password from standard input.")
def create_user(name: str, role: str, password_stdin: bool) -> None:  # noqa: ARG001 - required, so always true
    """Create the user NAME. One line end after the password is dropped."""
    with one_line_errors():
        fields = checked(NewUserSchema(), username=name, role=role, password=read_password())
        user = get(AccountManager).create_user(**fields)
    click.echo(f"Created the user {user.username} with the role {user.role}.")


@tokens.command("create")
@click.argument("name")
@role_option
@click.option("--days", type=int, default=DEFAULT_TOKEN_DAYS, show_default=True, help="How long it lasts.")
def create_token(name: str, role: str, days: int) -> None:
    """Make a machine token called NAME, and print it. It is kept nowhere else."""
    with one_line_errors():
        fields = checked(NewTokenSchema(), name=name, role=role, expires_in_days=days)
        issued = get(AccountManager).create_token(**fields, created_by=CREATED_BY)
    click.echo(issued.token)


def read_password() -> str:
    """Standard input as a password. Raises Invalid if it is not UTF-8."""
    line = sys.stdin.buffer.read(MAX_INPUT)
    ending = b"\r\n" if line.endswith(b"\r\n") else b"\n"
    try:
        return line.removesuffix(ending).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Invalid({"password": ["Must be UTF-8."]}) from error


def checked(schema: Schema, **values: Any) -> dict[str, Any]:
    """The values as the HTTP interface would take them. Raises Invalid."""
    return load(schema, values)


@contextlib.contextmanager
def one_line_errors() -> Iterator[None]:
    """End the command with one line on standard error in place of a traceback."""
    try:
        yield
    except Invalid as error:
        wrong = (f"{field}: {' '.join(messages)}" for field, messages in error.errors.items())
        raise click.ClickException("; ".join(wrong)) from error
    except ServiceError as error:
        raise click.ClickException(error.detail) from error
    except SQLAlchemyError as error:
        raise click.ClickException(f"The database refused: {str(error).splitlines()[0]}") from error
