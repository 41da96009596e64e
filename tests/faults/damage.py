"""Objects that are lost, cut or changed behind the service's back."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from minio import Minio

from tests.faults.client import Client

Access = tuple[Callable[[str], bytes], Callable[[str, bytes], None], Callable[[str], None]]
"""Read, write and remove the bytes under a key."""


@dataclass(frozen=True)
class Store:
    """One running service, and a way past it to the bytes under a key."""

    client: Client
    command: Callable[..., tuple[int, str]]
    read: Callable[[str], bytes]
    write: Callable[[str, bytes], None]
    remove: Callable[[str], None]


def key_of(package: dict[str, str]) -> str:
    """The object's key: what storage_path ends in."""
    return package["storage_path"].partition("/")[2]


def cut(store: Store, key: str) -> None:
    """The last byte is lost."""
    store.write(key, store.read(key)[:-1])


def flipped(store: Store, key: str) -> None:
    """One bit is another, the size is the same."""
    content = bytearray(store.read(key))
    content[len(content) // 2] ^= 1
    store.write(key, bytes(content))


def missing(store: Store, key: str) -> None:
    """The object is gone."""
    store.remove(key)


DAMAGES = [missing, cut, flipped]


def s3_access(client: Minio, bucket: str) -> Access:
    """Read, write and remove in a bucket."""

    def read(key: str) -> bytes:
        response = client.get_object(bucket, key)
        try:
            return bytes(response.read())
        finally:
            response.close()
            response.release_conn()

    def write(key: str, content: bytes) -> None:
        client.put_object(bucket, key, io.BytesIO(content), len(content))

    return read, write, lambda key: client.remove_object(bucket, key)


def folder_access(root: Path) -> Access:
    """Read, write (in place) and remove in a folder."""

    def write(key: str, content: bytes) -> None:
        with (root / key).open("r+b") as file:
            file.truncate(len(content))
            file.write(content)

    return lambda key: (root / key).read_bytes(), write, lambda key: (root / key).unlink()
