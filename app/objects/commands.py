"""`flask --app wsgi storage …`."""

import contextlib
from datetime import timedelta

import click
from flask.cli import AppGroup

from app.errors import ServiceError, StorageDenied
from app.http.services import get
from app.objects.identity import StorageIdentity
from app.objects.orphans import Orphans, Tally
from app.objects.reconcile import RECONCILE_LOCK, Reconciler

storage = AppGroup("storage", help="Look after the stored objects.")


def require_ours() -> None:
    """End the command in one line if the storage is another database's, or cannot be compared."""
    try:
        with contextlib.suppress(StorageDenied):
            get(StorageIdentity).compare()
    except ServiceError as error:
        raise click.ClickException(error.detail) from error


@storage.command("reconcile")
@click.option(
    "--grace",
    type=click.IntRange(min=0),
    metavar="SECONDS",
    help="Give up uploads that began longer ago (upload_timeout + 5 min by default), and those in pieces to which no "
    "byte came for as long (by default only expired ones).",
)
def reconcile(grace: int | None) -> None:
    """Finish what crashes left behind: objects that no package has, half multipart uploads included."""
    require_ours()
    reconciler = get(Reconciler)
    try:
        with reconciler.ledger.database.exclusively(RECONCILE_LOCK, wait=True):
            outcome = reconciler.run(None if grace is None else timedelta(seconds=grace))
    except ServiceError as error:
        raise click.ClickException(error.detail) from error
    click.echo(
        f"given up {outcome.abandoned + outcome.expired} uploads, deleted {outcome.deleted} objects, "
        f"forgot {outcome.forgotten}, failed {outcome.failed}"
    )
    if outcome.failed:
        raise click.ClickException("The storage refused some deletions; the log names them. Run it again.")


@storage.command("orphans")
@click.option("--delete", is_flag=True, help="Delete them; none that has a row in the ledger by then.")
@click.option(
    "--grace",
    type=click.IntRange(min=0),
    metavar="SECONDS",
    help="Leave alone what the storage has had for less long; upload_timeout + 5 min by default.",
)
def orphans(delete: bool, grace: int | None) -> None:
    """List objects that no ledger row names, one a line with its bytes, and exit 1 while there are any.

    Only a failover that lost transactions, or a restore, leaves any. Uploads may go on meanwhile.
    """
    require_ours()
    found, tally = get(Orphans), Tally()
    least_age = get(Reconciler).settled_after if grace is None else timedelta(seconds=grace)
    try:
        for orphan in found.find(least_age, tally):
            click.echo(f"{ascii(orphan.key)[1:-1]} {orphan.size}{' unfinished' * orphan.is_unfinished}")
            if delete:
                found.remove(orphan, tally)
    except ServiceError as error:
        raise click.ClickException(f"{error.detail} The list is not whole.") from error
    click.echo(_summary(tally, least_age))
    if delete and tally.left:
        raise click.ClickException("The storage refused some deletions; the log names them. Run it again.")
    if tally.left:
        raise SystemExit(1)


@storage.command("adopt")
def adopt() -> None:
    """Make the storage this database's, after a restore that is meant so. Running instances go on within 5 s.

    It writes the database's identity over the storage's. A service of the other database stops reading and writing it.
    """
    try:
        get(StorageIdentity).adopt()
    except ServiceError as error:
        raise click.ClickException(error.detail) from error
    click.echo("The storage is this database's.")


def _summary(tally: Tally, least_age: timedelta) -> str:
    return f"{tally.orphans} orphan{'s' * (tally.orphans != 1)}, {tally.size} bytes" + "".join(
        f"; {said}"
        for count, said in (
            (tally.deleted, f"deleted {tally.deleted}"),
            (tally.kept, f"kept {tally.kept} that the ledger names by now"),
            (tally.young, f"left alone {tally.young} younger than {least_age.total_seconds():.0f} s"),
        )
        if count
    )
