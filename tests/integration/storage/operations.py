"""Everything that a storage can be asked for."""

from collections.abc import Callable

from app.storage.interface import WrittenObject
from app.storage.s3.multipart import PART_SIZE
from app.storage.s3.storage import MinioStorage
from tests.integration.storage.sources import Generated

SOME = WrittenObject(10, "abc")

OPERATIONS: dict[str, Callable[[MinioStorage], object]] = {
    "write": lambda storage: storage.write("k", Generated(10)),
    "write-many-parts": lambda storage: storage.write("k", Generated(5 * PART_SIZE)),
    "open": lambda storage: storage.open("k", expected=SOME),
    "stat": lambda storage: storage.stat("k"),
    "delete": lambda storage: storage.delete("k"),
    "abort": lambda storage: storage.abort_uploads("k", "some-id"),
    "pages": lambda storage: list(storage.pages()),
    "ping": lambda storage: storage.ping(),
}
