"""The commands that find, fetch, yank and delete packages, wait for agents, and look after uploads."""

from __future__ import annotations

import os
from itertools import islice

from opampkg import waiting
from opampkg.api import Client
from opampkg.documents import document, package_lines, trust_lines, upload_lines
from opampkg.errors import ChecksumDiffers, NotFound, OpampkgError, WrongUsage
from opampkg.machine import this_arch, this_platform
from opampkg.models import Package
from opampkg.run import Run
from opampkg.vocabulary import arch_of, platform_of

FILTERS = ("name", "version", "platform", "arch", "q", "is_active", "sort")


def list_packages(run: Run) -> None:
    """The packages that the filters leave."""
    filters = {name: getattr(run.options, name) for name in FILTERS}
    limit = run.options.limit
    if limit is not None:
        filters["limit"] = min(limit, 500)
    with run.client() as client:
        found = list(islice(client.packages(**filters), limit))
    run.show(document(found), *package_lines(found))


def show(run: Run) -> None:
    """A version's packages, one of them, or the one of an id."""
    options = run.options
    with run.client() as client:
        if options.version is None and options.name.isdigit():
            found = [client.get(int(options.name))]
        elif options.version is None:
            raise WrongUsage("Give NAME VERSION, or a package's id. `opampkg list --name NAME` has all versions.")
        else:
            found = chosen(run, client)
    lines = [f"{name}: {value}" for package in found for name, value in document(package).items()]
    run.show(document(found), *(lines if len(found) == 1 else package_lines(found)))


def latest(run: Run) -> None:
    """The newest version."""
    with run.client() as client:
        found = newest(run, client)
    run.show(document(found), *package_lines([found]))


def newest(run: Run, client: Client) -> Package:
    """The newest version for the platform that the options name, or for this machine's."""
    platform, arch = machine(run)
    return client.latest(asked_name(run), platform=platform, arch=arch, prerelease=run.options.prerelease)


def asked_name(run: Run) -> str:
    """The package's name. Raises WrongUsage without one."""
    name = run.options.name or run.options.name_option
    if not name:
        raise WrongUsage("Give the NAME of a package.")
    return str(name)


def machine(run: Run) -> tuple[str, str]:
    """The platform and arch that the options name, or this machine's."""
    platform, arch = run.options.platform, run.options.arch
    return platform_of(platform or this_platform()), arch_of(arch or this_arch())


def download(run: Run) -> None:
    """Fetch a package's file."""
    with run.client() as client:
        package = of_version(run, client) if run.options.version else newest(run, client)
        path = target_path(run.options.output, package)
        place = f"{package.name} {package.version} {package.platform}/{package.arch}"
        if run.is_dry:
            run.show(document(package), f"Would download {place} to {path}.")
            return
        is_new = client.download(package, path, on_progress=run.progress.of(package.file_name))
        run.progress.ended(package.file_name)
    told = "Downloaded" if is_new else "Already there:"
    run.show(document(package), f"{told} {place}: {path}")


def of_version(run: Run, client: Client) -> Package:
    """The package of a version for an arch, else for any. Raises NotFound."""
    platform, arch = machine(run)
    name, version = asked_name(run), run.options.version
    found = client.find(name, version, platform, arch) or client.find(name, version, platform, "any")
    if found is None:
        raise NotFound(f"There is no {name} {version} for {platform}/{arch}.")
    return found


def target_path(output: str | None, package: Package) -> str:
    """Where the file goes. Raises OpampkgError if the service gives it a name that is a path."""
    if output and not os.path.isdir(output):
        return output
    name = package.file_name
    if name in ("", ".", "..") or "/" in name or "\\" in name or not name.isprintable():
        raise OpampkgError("The file has a name that is none; give another by -o PATH.")
    return os.path.join(output, name) if output else name


def chosen(run: Run, client: Client) -> list[Package]:
    """The packages that NAME VERSION [PLATFORM ARCH] stands for. Raises NotFound, WrongUsage."""
    options = run.options
    if options.platform is None:
        return client.release(options.name, options.version)
    if options.arch is None:
        raise WrongUsage("Give PLATFORM and ARCH, or none of them.")
    platform, arch = platform_of(options.platform), arch_of(options.arch)
    found = client.find(options.name, options.version, platform, arch)
    if found is None:
        raise NotFound(f"There is no {options.name} {options.version} for {platform}/{arch}.")
    return [found]


def verify(run: Run) -> int:
    """What the signatures of a version's packages come to; ChecksumDiffers' exit code unless all are trusted."""
    with run.client() as client:
        found = [(package, client.signatures(package.id)) for package in chosen(run, client)]
    rows = [{**document(package), "signatures": document(signatures)} for package, signatures in found]
    run.show(rows, *(line for package, signatures in found for line in trust_lines(package, signatures)))
    is_trusted = all(package.trust == "trusted" for package, _ in found)
    return 0 if is_trusted else ChecksumDiffers.exit_code


def yank(run: Run) -> None:
    """Take a version back."""
    set_active(run, "yank", is_active=False)


def unyank(run: Run) -> None:
    """Undo that."""
    set_active(run, "unyank", is_active=True)


def set_active(run: Run, word: str, *, is_active: bool) -> None:
    """Yank or bring back what the options name, at once."""
    options = run.options
    with run.client() as client:
        found = chosen(run, client)
        if run.is_dry:
            run.show(document(found), f"Would {word}:", *package_lines(found))
        elif options.platform is None:
            changed = client.edit_release(options.name, options.version, is_active=is_active)
            run.show(document(changed), *package_lines(changed))
        else:
            changed = [client.edit(found[0].id, is_active=is_active)]
            run.show(document(changed), *package_lines(changed))


def delete(run: Run) -> None:
    """Remove what the options name, all or nothing."""
    options = run.options
    with run.client() as client:
        found = chosen(run, client)
        if run.is_dry:
            run.show(document(found), "Would delete:", *package_lines(found))
            return
        if options.platform is None:
            client.delete_release(options.name, options.version)
        else:
            client.delete(found[0].id)
    run.show(document(found), "Deleted:", *package_lines(found))


def wait(run: Run) -> None:
    """Until agents have a version."""
    options = run.options
    with run.client() as client:
        seen = client.wait(
            options.name,
            options.version,
            installed=options.installed,
            max_failed=options.max_failed,
            timeout=options.timeout or waiting.TIMEOUT,
            on_look=waiting.changes(run.progress.note),
        )
    run.show(document(seen), f"{options.name} {options.version}: {waiting.shown(seen)}.")


def list_uploads(run: Run) -> None:
    """What is not complete."""
    with run.client() as client:
        found = list(client.uploads())
    run.show(document(found), *upload_lines(found))


def cancel_upload(run: Run) -> None:
    """End an upload."""
    upload_id = run.options.id
    with run.client() as client:
        if not run.is_dry:
            client.cancel_upload(upload_id)
    run.show({"id": upload_id}, f"{'Would end' if run.is_dry else 'Ended'} the upload {upload_id}.")
