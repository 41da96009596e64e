"""The S3 servers, built once from the Go module proxy into a cache outside the checkout."""

import os
import shutil
import subprocess
from pathlib import Path

MODULES = {
    "minio": "github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c",
    "versitygw": "github.com/versity/versitygw/cmd/versitygw@v1.8.0",
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


def built(name: str) -> Path:
    """The binary, built now if need be (some minutes; go shows what it downloads). RuntimeError without go."""
    path = found(name)
    if path:
        return path
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if not go:
        raise RuntimeError(f"{name} is not installed, and building it needs Go")
    cache().mkdir(parents=True, exist_ok=True)
    print(f"Building {name} once from {MODULES[name]}: about 5 minutes …", flush=True)
    subprocess.run([go, "install", MODULES[name]], check=True, env={**os.environ, "GOBIN": str(cache())})
    return cache() / name
