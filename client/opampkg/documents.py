"""Results as JSON, with the API's own field names, and as lines for people."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

from opampkg.models import Channel, Package, Signature, Upload
from opampkg.progress import share, size

PACKAGE_COLUMNS = ("NAME", "VERSION", "PLATFORM", "ARCH", "SIZE", "FILE", "")
CHANNEL_COLUMNS = ("NAME", "MATCH", "PACKAGES")
UPLOAD_COLUMNS = ("ID", "NAME", "VERSION", "PLATFORM", "ARCH", "DONE", "IDLE")


def document(answer: Any) -> Any:
    """A dataclass, or a list of them, as JSON."""
    if isinstance(answer, list):
        return [document(each) for each in answer]
    fields = dataclasses.asdict(answer)
    fields.pop("etag", None)  # a header's, not the API's
    return fields


def package_lines(packages: Iterable[Package]) -> Iterator[str]:
    """A table of packages."""
    return table(PACKAGE_COLUMNS, map(_package, packages))


def _package(package: Package) -> tuple[str, ...]:
    state = "" if package.is_active else "yanked"
    place = (package.name, package.version, package.platform, package.arch)
    return (*place, size(package.file_size), package.file_name, state)


def trust_lines(package: Package, signatures: list[Signature]) -> Iterator[str]:
    """What a package's signatures come to, and each of them."""
    place = f"{package.name} {package.version} {package.platform}/{package.arch}"
    yield f"{place}: {package.trust}{', blocked' if package.blocked else ''}"
    for each in signatures:
        signer = each.signer.get("subject") or each.signer.get("key_id") or "who is not told"
        verified = f"accepted by {', '.join(each.verified_by)}" if each.verified_by else "accepted by nobody"
        yield f"  {each.format} of {signer}, {verified}"


def channel_lines(channels: Iterable[Channel]) -> Iterator[str]:
    """A table of channels."""
    return table(CHANNEL_COLUMNS, map(_channel, channels))


def _channel(channel: Channel) -> tuple[str, ...]:
    match = ",".join(f"{key}={value}" for key, value in channel.match.items()) or "every agent"
    return channel.name, match, " ".join(f"{each['name']}={each['version']}" for each in channel.packages)


def upload_lines(uploads: Iterable[Upload]) -> Iterator[str]:
    """A table of uploads."""
    return table(UPLOAD_COLUMNS, map(_upload, uploads))


def _upload(upload: Upload) -> tuple[str, ...]:
    place = (upload.name, upload.version, upload.platform, upload.arch)
    return (upload.id, *place, share(upload.offset, upload.length).strip(), f"{upload.idle_seconds:.0f} s")


def table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """Rows under each other; nothing where there are none."""
    shown = list(rows)
    if not shown:
        return
    widths = [max(len(row[place]) for row in (columns, *shown)) for place in range(len(columns))]
    for row in (columns, *shown):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
