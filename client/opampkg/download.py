"""Downloads: resumed with Range and If-Range, verified by SHA-256 and size, then renamed into place."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Callable
from urllib.parse import SplitResult, urljoin, urlsplit

from opampkg import errors
from opampkg.answers import Stream

if TYPE_CHECKING:
    from opampkg.api import Client
    from opampkg.models import Package

REDIRECTS = 5
BLOCK = 1 << 20
OnProgress = Callable[[int, int], None]


def download(client: Client, package: Package, path: str, on_progress: OnProgress) -> bool:
    """Put the package's bytes at `path`; False if they are there already. Raises ChecksumDiffers, Unreachable.

    What has come of them is in `path`.part, and a later call goes on from there.
    """
    if holds(path, package):
        return False
    part = f"{path}.part"
    was_resumed = size_of(part) > 0
    fetch(client, package, part, on_progress)
    if was_resumed and not holds(part, package):
        # What was there may have been of another file.
        os.remove(part)
        fetch(client, package, part, on_progress)
    if not holds(part, package):
        os.remove(part)
        raise errors.ChecksumDiffers(f"What came of {package.file_name} is not what was published; it was removed.")
    os.replace(part, path)
    return True


def fetch(client: Client, package: Package, part: str, on_progress: OnProgress) -> None:
    """Add to `part` what it lacks of the package's bytes, however often the connection ends."""
    patience = client.patience()
    furthest = size_of(part)

    def moved(size: int) -> None:
        nonlocal furthest
        if size > furthest:
            furthest = size
            patience.moved()
        on_progress(size, package.file_size)

    while size_of(part) != package.file_size:
        if size_of(part) > package.file_size:
            os.remove(part)
        try:
            receive(client, package, part, moved)
        except errors.Unreachable as error:
            patience.wait(error)


def receive(client: Client, package: Package, part: str, moved: Callable[[int], None]) -> None:
    """One request for what `part` lacks. Raises ChecksumDiffers if there is more or less of it than there should be."""
    stream = opened(client, package, size_of(part))
    try:
        resumes = stream.status == 206
        with open(part, "ab" if resumes else "wb") as file:
            for block in stream.blocks():
                file.write(block)
                moved(file.tell())
                if file.tell() > package.file_size:
                    break
    finally:
        stream.close()
    if size_of(part) != package.file_size:
        os.remove(part)
        raise errors.ChecksumDiffers(f"{package.file_name} has another size than was published; it was removed.")


def opened(client: Client, package: Package, offset: int) -> Stream:
    """The answer with the bytes from `offset` on; redirects are followed, other origins see no token."""
    http = client.http
    url = http.url._replace(path=f"{http.prefix}/api/v1/packages/{package.id}/download")
    for _ in range(REDIRECTS):
        stream = http.stream(url, conditions(package, offset, is_own=http.is_own(url)))
        if stream.status < 300:
            return stream
        place = stream.headers.get("Location", "")
        stream.close()
        url = leading_to(url, place)
    raise errors.OpampkgError(f"The download was redirected more than {REDIRECTS} times.")


def leading_to(url: SplitResult, place: str) -> SplitResult:
    """Where a redirect leads. Raises OpampkgError if that is no URL."""
    following = urlsplit(urljoin(url.geturl(), place))
    if following.scheme not in ("http", "https") or not following.hostname or not place:
        raise errors.OpampkgError("The download was redirected to something that is no URL.")
    return following


def conditions(package: Package, offset: int, *, is_own: bool) -> dict[str, str]:
    """The headers of a request for the rest; a storage's entity tag is another one, so that the checksum has to do."""
    if not offset:
        return {}
    only_of_this = {"If-Range": f'"{package.checksum}"'} if is_own else {}
    return {"Range": f"bytes={offset}-", **only_of_this}


def holds(path: str, package: Package) -> bool:
    """Whether a file has the package's size and checksum."""
    if size_of(path) != package.file_size:
        return False
    hasher = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            hasher.update(block)
    return hasher.hexdigest() == package.checksum


def size_of(path: str) -> int:
    """A file's bytes, 0 where there is none."""
    return os.path.getsize(path) if os.path.isfile(path) else 0
