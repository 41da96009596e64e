"""Copy objects between the service's storage and a folder: the part of a backup that pg_dump does not do.

    python deploy/copy_objects.py save FOLDER < keys      from the storage into FOLDER; what is there already stays
    python deploy/copy_objects.py load FOLDER < keys      from FOLDER into the storage

The storage is that of the service's configuration. `keys` has one object key a line. Exits with 1, and names them, if
some could not be found.
"""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from minio import Minio
from minio.error import S3Error

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.config import Config, load
from app.storage.filesystem import MARKER

Copy = Callable[[str, Path], None]
"""Copies the object under a key to or from a file; raises FileNotFoundError."""


def main() -> int:
    """Copy all keys of standard input."""
    if len(sys.argv) != 3 or sys.argv[1] not in {"save", "load"}:
        sys.stderr.write(__doc__)
        return 2
    copy = copies(load())[sys.argv[1]]
    missing = 0
    for key in sys.stdin.read().split():
        try:
            copy(key, Path(sys.argv[2]) / key)
        except FileNotFoundError:
            missing += 1
            sys.stderr.write(f"not found: {key}\n")
    return int(missing > 0)


def copies(config: Config) -> dict[str, Copy]:
    """How to save and load with the configured storage."""
    if config.storage.backend == "filesystem":
        root = config.storage.root
        return {
            "save": lambda key, file: put(root / key, file, again=False),
            "load": lambda key, file: load_file(root, key, file),
        }
    s3, bucket = client(config), config.minio.bucket
    return {
        "save": lambda key, file: save(s3, bucket, key, file),
        "load": lambda key, file: load_one(s3, bucket, key, file),
    }


def client(config: Config) -> Minio:
    """A client of the configured S3."""
    keys = (config.minio.access_key.get_secret_value(), config.minio.secret_key.get_secret_value())
    return Minio(config.minio.endpoint, *keys, secure=config.minio.use_ssl, region=config.minio.region or None)


def put(source: Path, target: Path, *, again: bool) -> None:
    """Copy a file under its name at once, never half."""
    if target.exists() and not again:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".copy")
    shutil.copyfile(source, part)
    part.rename(target)


def load_file(root: Path, key: str, file: Path) -> None:
    """Store one file, in a folder that the service takes for its own."""
    put(file, root / key, again=True)
    (root / MARKER).touch()


def save(s3: Minio, bucket: str, key: str, file: Path) -> None:
    """Fetch one object."""
    if file.exists():
        return
    try:
        s3.fget_object(bucket, key, str(file))
    except S3Error as error:
        if error.code == "NoSuchKey":
            raise FileNotFoundError(key) from error
        raise


def load_one(s3: Minio, bucket: str, key: str, file: Path) -> None:
    """Store one object; the bucket is made if it is gone."""
    if not file.exists():
        raise FileNotFoundError(key)
    if not s3.bucket_exists(bucket):
        s3.make_bucket(bucket)
    s3.fput_object(bucket, key, str(file))


if __name__ == "__main__":
    raise SystemExit(main())
