"""`publish`: some files at a time; a failed one does not stop the others, and the worst one's code counts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

from opampkg.api import Client
from opampkg.documents import document
from opampkg.errors import OpampkgError
from opampkg.models import Package
from opampkg.names import Fields
from opampkg.plan import Planned, plan
from opampkg.publish import publish, read
from opampkg.run import Run
from opampkg.signatures import add, beside


@dataclass(frozen=True)
class Outcome:
    """What became of a file."""

    package: Package | None
    exit_code: int


def run(run: Run) -> int:
    """Publish what the options name; the worst file's exit code."""
    options = run.options
    given = Fields(options.name, options.version, options.platform, options.arch)
    planned = plan(options.files, given, split_formats=options.split_formats, note=run.progress.note)
    if run.is_dry:
        return show_plan(run, planned)
    # Not as a context manager: that would wait for what is on its way when the user interrupts.
    pool = ThreadPoolExecutor(options.jobs)
    with run.client() as client:
        outcomes = list(pool.map(lambda each: attempt(run, client, each), planned))
    pool.shutdown()
    packages = [outcome.package for outcome in outcomes if outcome.package is not None]
    if options.json:
        run.show(document(packages))
    return max(outcome.exit_code for outcome in outcomes)


def show_plan(run: Run, planned: list[Planned]) -> int:
    """What would be published, and where."""
    files = [(each, read(each.path)) for each in planned]
    rows = [
        {**asdict(each.place), "file_name": file.name, "file_size": file.size, "checksum": file.checksum}
        for each, file in files
    ]
    lines = [
        line
        for each in planned
        for line in (f"Would publish {each.path} as {each.place}", *(f"Would add {one}" for one in beside(each.path)))
    ]
    run.show(rows, *lines)
    return 0


def attempt(run: Run, client: Client, planned: Planned) -> Outcome:
    """Publish one file, and say what became of it."""
    progress = run.progress.of(planned.path)
    try:
        done = publish(client, planned.path, planned.place, run.options.description, progress)
    except OpampkgError as error:
        run.progress.ended(planned.path)
        run.progress.say(f"opampkg: {planned.path}: {error}")
        return Outcome(None, error.exit_code)
    run.progress.ended(planned.path)
    if not run.options.json:
        told = "Published" if done.is_new else "Already there:"
        run.show(None, f"{told} {planned.path} as {planned.place}")
    codes = [sign(run, client, done.package, planned.path, each) for each in beside(planned.path)]
    return Outcome(done.package, max(codes, default=0))


def sign(run: Run, client: Client, package: Package, path: str, signature: str) -> int:
    """Take a signature along; the exit code. The file stays published, whatever becomes of it."""
    try:
        add(client, package, path, signature)
    except OpampkgError as error:
        run.progress.say(f"opampkg: {signature}: {error}")
        return error.exit_code
    if not run.options.json:
        run.show(None, f"Signed by {signature}")
    return 0
