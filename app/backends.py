"""Storage backend, and the signer of presigned URLs, that the configuration asks for."""

from app.config import Config
from app.packages.store import PackageStore
from app.storage.filesystem import FilesystemStorage
from app.storage.interface import Presigner, Storage
from app.storage.s3.storage import MinioStorage


def make_storage(config: Config, store: PackageStore) -> Storage:
    """The backend that the configuration asks for; connects to nothing.

    A bucket that is absent while there are packages was lost: it is never made anew as if nothing had been in it.
    """
    match config.storage.backend:
        case "filesystem":
            return FilesystemStorage(config.storage.root, may_create=store.is_empty)
        case "minio":
            return MinioStorage.from_config(config.minio, may_create=store.is_empty)


def make_presigner(config: Config, storage: Storage) -> Presigner | None:
    """What signs the URLs that clients (`redirect`) or nginx (`accel`) fetch packages from."""
    match config.packages.delivery:
        case "redirect":
            return storage.presigner(config.minio.public_endpoint)
        case "accel":
            return storage.presigner()
    return None
