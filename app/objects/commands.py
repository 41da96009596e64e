"""`flask --app wsgi storage …`."""

from datetime import timedelta

import click
from flask.cli import AppGroup

from app.errors import ServiceError
from app.objects.reconcile import RECONCILE_LOCK
from app.wiring import services

storage = AppGroup("storage", help="Look after the stored objects.")


@storage.command("reconcile")
@click.option(
    "--grace",
    type=click.IntRange(min=0),
    metavar="SECONDS",
    help="Give up uploads that began longer ago; upload_timeout + 5 min by default.",
)
def reconcile(grace: int | None) -> None:
    """Finish what crashes left behind: objects that no package has, half multipart uploads included."""
    reconciler = services().reconciler
    try:
        with reconciler.ledger.database.exclusively(RECONCILE_LOCK, wait=True):
            outcome = reconciler.run(None if grace is None else timedelta(seconds=grace))
    except ServiceError as error:
        raise click.ClickException(error.detail) from error
    click.echo(
        f"given up {outcome.abandoned} uploads, deleted {outcome.deleted} objects, "
        f"forgot {outcome.forgotten}, failed {outcome.failed}"
    )
    if outcome.failed:
        raise click.ClickException("The storage refused some deletions; the log names them. Run it again.")
