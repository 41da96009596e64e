"""`flask --app wsgi storage scrub`."""

import contextlib
import json
import sys
from collections.abc import Callable, Iterator

import click
from flask.cli import with_appcontext

from app.database import Database
from app.errors import ServiceError
from app.http.services import get
from app.objects.commands import require_ours
from app.packages.reader import Pace
from app.packages.scrub import RateLimit, Remaining, Scrubber, ScrubLog
from app.packages.store import PackageRow

SCRUB_LOCK = 0x7363727562
MIB = 1 << 20


@click.command("scrub")
@click.option("--rate", type=click.IntRange(min=0), default=0, metavar="MIB", help="MiB per second; 0: no limit.")
@with_appcontext
def scrub(rate: int) -> None:
    """Read every object against its checksum, name the damaged, exit 1 if there are any.

    A run that was interrupted goes on where it was.
    """
    require_ours()
    try:
        with get(Database).exclusively(SCRUB_LOCK, wait=True):
            damaged = _scrub(RateLimit(rate * MIB))
    except ServiceError as error:
        raise click.ClickException(f"{error.detail} Run it again: it goes on where it was.") from error
    if damaged:
        raise SystemExit(1)


def _scrub(limit: RateLimit) -> list[PackageRow]:
    log, scrubber = get(ScrubLog), get(Scrubber)
    started_at = log.begin()
    with _progress(log.remaining(started_at)) as advance:
        for package in log.packages(started_at):
            if not scrubber.examine(package, _both(limit, advance)):
                click.echo(_line("damaged", package))
    log.finish()
    damaged = log.damaged()
    click.echo(json.dumps({"event": "finished", "damaged": [package.id for package in damaged]}))
    return damaged


@contextlib.contextmanager
def _progress(remaining: Remaining) -> Iterator[Pace]:
    """A bar on a terminal; a JSON line for the beginning otherwise."""
    if not sys.stderr.isatty():
        click.echo(json.dumps({"event": "started", "packages": remaining.packages, "bytes": remaining.size}))
        yield lambda _: None
        return
    with click.progressbar(length=remaining.size, label="Scrubbing", file=sys.stderr) as bar:
        yield bar.update


def _both(one: Callable[[int], None], other: Callable[[int], None]) -> Pace:
    def pace(size: int) -> None:
        one(size)
        other(size)

    return pace


def _line(event: str, package: PackageRow) -> str:
    coordinates = {name: getattr(package, name) for name in ("id", "name", "version", "platform", "arch")}
    return json.dumps({"event": event, **coordinates, "object_key": package.object_key})
