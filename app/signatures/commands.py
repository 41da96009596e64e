"""`flask --app wsgi signatures verify`."""

import json

import click
from flask.cli import AppGroup

from app.errors import ServiceError
from app.http.services import get
from app.signatures.audit import SignatureAudit

signatures = AppGroup("signatures", help="Look after signatures and policies.")


@signatures.command("verify")
def verify() -> None:
    """Check all signatures and packages anew; name what differs, put it right, exit 1 if anything did."""
    differing = 0
    try:
        for difference in get(SignatureAudit).run():
            differing += 1
            click.echo(json.dumps(difference))
    except ServiceError as error:
        raise click.ClickException(error.detail) from error
    click.echo(json.dumps({"event": "finished", "differing": differing}))
    if differing:
        raise SystemExit(1)
