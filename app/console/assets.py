"""Static assets under the digest of them all, compressed once at the start; browsers keep them for a year."""

import functools
import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from flask import Response, abort, request

from app.console.blueprint import blueprint
from app.console.links import prefix
from app.console.policy import HASH_WORKER_POLICY

STATIC = Path(__file__).parent / "static"
CACHE = "public, max-age=31536000, immutable"
HASH_WORKER = "js/upload/hash-worker.js"
TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".woff2": "font/woff2"}
SERVED = frozenset({".js", ".css", ".woff2", ".svg"})


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent. `compressed` is None where that saves nothing."""

    content: bytes
    compressed: bytes | None
    media_type: str


@dataclass(frozen=True, slots=True)
class Assets:
    """All files by their path below static/, and the digest that stands in their URLs."""

    digest: str
    files: dict[str, Asset]


@functools.cache
def assets() -> Assets:
    """The console's files, read and compressed once in a process."""
    paths = sorted(path for path in STATIC.rglob("*") if path.suffix in SERVED)
    files = {path.relative_to(STATIC).as_posix(): _asset(path) for path in paths}
    digest = hashlib.sha256()
    for name, file in files.items():
        digest.update(f"{name} {hashlib.sha256(file.content).hexdigest()}\n".encode())
    return Assets(digest.hexdigest()[:16], files)


def _asset(path: Path) -> Asset:
    content = path.read_bytes()
    compressed = gzip.compress(content, 9, mtime=0)
    media_type = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Asset(content, compressed if len(compressed) < 0.9 * len(content) else None, media_type)


def asset(name: str) -> str:
    """The path of a file below static/. Raises KeyError if there is none."""
    found = assets()
    if name not in found.files:
        raise KeyError(name)
    return f"{prefix()}/ui/static/{found.digest}/{name}"


@blueprint.get("/static/<digest>/<path:name>")
def static_file(digest: str, name: str) -> Response:
    """A file of the console's; 404 under another digest, so that nobody keeps what they were not told of."""
    found = assets()
    file = found.files.get(name)
    if digest != found.digest or file is None:
        abort(404)
    response = Response(file.content, content_type=file.media_type)
    if file.compressed is not None:
        response.vary.add("Accept-Encoding")
        if request.accept_encodings["gzip"] > 0:
            response.set_data(file.compressed)
            response.content_encoding = "gzip"
    response.headers["Cache-Control"] = CACHE
    if name == HASH_WORKER:
        response.headers["Content-Security-Policy"] = HASH_WORKER_POLICY
    return response
