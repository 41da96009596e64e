"""The S3 servers and cosign, built once from the Go module proxy into a cache outside the checkout."""

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

from dev.parts import processes
from dev.parts.progress import Compilation

MODULES = {
    "minio": "github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c",
    "versitygw": "github.com/versity/versitygw/cmd/versitygw@v1.8.0",
    "cosign": "github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3",
}


def cache() -> Path:
    """Where built binaries are kept: ~/.cache/opamp-packages/bin, or below XDG_CACHE_HOME."""
    root = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(root) / "opamp-packages" / "bin"


def found(name: str) -> Path | None:
    """The binary on PATH or in the cache."""
    on_path = shutil.which(name)
    cached = cache() / name
    return Path(on_path) if on_path else cached if cached.exists() else None


def go() -> str | None:
    """The go command, also where it is installed and not on PATH."""
    return shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")


def built(name: str) -> Path:
    """The binary, built now if need be, which takes some minutes and shows how far it is. Raises Failed.

    While another process builds it, this waits for that.
    """
    path = found(name)
    if path:
        return path
    if go() is None:
        raise processes.Failed(f"{name} is not installed, and building it needs Go: https://go.dev/doc/install")
    cache().mkdir(parents=True, exist_ok=True)
    with (cache() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if found(name) is None:
            build(name)
    return cache() / name


def build(name: str) -> None:
    """Build in a folder of its own, so that what is in the cache is always whole."""
    print(f"Building {name} once, from {MODULES[name]}; about 5 minutes …", flush=True)
    with tempfile.TemporaryDirectory(dir=cache(), prefix=f"{name}-") as folder:
        environment = {"GOBIN": folder, "GOFLAGS": "-buildvcs=false"}
        compilation = Compilation(name)
        processes.follow([go() or "go", "install", "-v", MODULES[name]], compilation.line, env=environment)
        (Path(folder) / name).replace(cache() / name)
    print(f"Built {cache() / name}", flush=True)
