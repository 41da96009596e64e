"""What app/storage/interface.py promises, on every backend."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.errors import ObjectChanged, ObjectNotFound, UploadInterrupted
from app.storage.hashing import HashingReader
from app.storage.interface import ListedObject, Storage, WrittenObject
from app.storage.s3.multipart import PART_SIZE
from tests.integration.storage.conftest import Backend
from tests.integration.storage.sources import MIB, Generated, content, digest, drained, interrupted_at

EDGES = [edge + step for edge in (5 * MIB, PART_SIZE, 3 * PART_SIZE) for step in (-1, 0, 1)]


@pytest.mark.parametrize("size", [0, 1, 65_536, *EDGES])
@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
def test_what_is_written_is_read(storage: Storage, key: str, size: int, *, known: bool) -> None:
    """Every size comes back whole, whether its length was told beforehand or not."""
    source = HashingReader(Generated(size))
    written = storage.write(key, source, size=size if known else None)
    assert (written.size, source.size, source.hexdigest()) == (size, size, digest(size))
    reader = storage.open(key, expected=written)
    assert reader.length == size
    assert drained(reader) == (size, digest(size))


@pytest.mark.parametrize(
    ("start", "length", "gives"),
    [
        (0, 1, 1),
        (0, None, 1000),
        (999, None, 1),
        (10, 20, 20),
        (990, 20, 10),
        (0, 1000, 1000),
        (500, 0, 0),
        (1000, None, 0),
    ],
)
def test_a_range_is_read(storage: Storage, key: str, start: int, length: int | None, gives: int) -> None:
    """A range gives its own bytes only, and no more than there are."""
    written = storage.write(key, Generated(1000))
    reader = storage.open(key, expected=written, start=start, length=length)
    assert reader.length == gives
    assert reader.read() == content(gives, start)
    assert reader.read(1) == b""
    reader.close()


def test_a_range_across_parts_is_read(storage: Storage, key: str) -> None:
    """A range does not see where the parts of an upload met."""
    written = storage.write(key, Generated(2 * PART_SIZE + 10))
    reader = storage.open(key, expected=written, start=PART_SIZE - 5, length=10)
    assert reader.read(100) == content(10, PART_SIZE - 5)
    reader.close()


def test_stat_tells_what_write_told(storage: Storage, key: str) -> None:
    """Size and fingerprint can be read back."""
    for size in (0, 1000, PART_SIZE + 1):
        assert storage.write(f"{key}{size}", Generated(size)) == storage.stat(f"{key}{size}")


def test_a_missing_object_is_not_found(storage: Storage, key: str) -> None:
    """No object under the key: ObjectNotFound, whatever is asked."""
    with pytest.raises(ObjectNotFound):
        storage.stat(key)
    for length in (None, 0, 1):
        with pytest.raises(ObjectNotFound):
            storage.open(key, expected=WrittenObject(5, "abc"), length=length)


def test_a_deleted_object_is_gone(backend: Backend, key: str) -> None:
    """Delete leaves nothing, and does not mind that there is nothing."""
    backend.storage.write(key, Generated(10))
    backend.storage.delete(key)
    assert backend.keys() == set()
    backend.storage.delete(key)


@pytest.mark.parametrize("new", [b"abcdefghij", b"short", b"longer than ten bytes", b""])
@pytest.mark.parametrize("part", [(0, None), (2, 3), (0, 0), (9, 1)])
def test_an_object_changed_behind_is_told(backend: Backend, key: str, new: bytes, part: tuple[int, int | None]) -> None:
    """Other bytes are never given out for those that were written, whole or in part."""
    written = backend.storage.write(key, Generated(10))
    backend.overwrite(key, new)
    with pytest.raises(ObjectChanged):
        backend.storage.open(key, expected=written, start=part[0], length=part[1])


@pytest.mark.parametrize("byte", [0, 1000, PART_SIZE, 3 * PART_SIZE + 5])
@pytest.mark.parametrize("size", [None, 4 * PART_SIZE])
def test_a_stream_that_fails_leaves_nothing(backend: Backend, key: str, byte: int, size: int | None) -> None:
    """The source's own error comes out, and no object, multipart upload or temporary file stays."""
    upload_ids: list[str] = []
    with pytest.raises(UploadInterrupted):
        backend.storage.write(key, interrupted_at(byte), size=size, on_upload_id=upload_ids.append)
    assert backend.keys() == set()
    with pytest.raises(ObjectNotFound):
        backend.storage.stat(key)


def test_sixteen_at_once(storage: Storage, key: str) -> None:
    """Sixteen threads write and read their own objects at the same time."""

    def round_trip(number: int) -> bool:
        size = PART_SIZE + number * 100_000
        written = storage.write(f"{key}{number}", Generated(size))
        return drained(storage.open(f"{key}{number}", expected=written)) == (size, digest(size))

    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(round_trip, range(16)))


def test_one_gibibyte(backend: Backend, key: str) -> None:
    """A file of 1 GiB comes back whole."""
    size = 1024 * MIB
    source = HashingReader(Generated(size))
    written = backend.storage.write(key, source)
    assert drained(backend.storage.open(key, expected=written)) == (size, source.hexdigest())
    backend.storage.delete(key)


def test_a_reader_may_be_closed_early_and_twice(storage: Storage, key: str) -> None:
    """A download that is given up does not harm the next."""
    written = storage.write(key, Generated(4 * MIB))
    reader = storage.open(key, expected=written)
    reader.read(1000)
    reader.close()
    reader.close()
    assert drained(storage.open(key, expected=written)) == (4 * MIB, digest(4 * MIB))


def test_ending_writes_leaves_a_finished_object(storage: Storage, key: str) -> None:
    """abort_uploads ends what is unfinished, and only that."""
    written = storage.write(key, Generated(10))
    storage.abort_uploads(key)
    assert storage.stat(key) == written


def test_the_storage_answers(storage: Storage) -> None:
    """ping is silent on a storage that works."""
    storage.ping()


def listed(storage: Storage) -> list[ListedObject]:
    """All pages in one."""
    return [each for page in storage.pages() for each in page]


def test_every_object_is_listed_once(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many pages there are, each object is in one of them, with its size."""
    for module in ("s3.storage", "filesystem"):
        monkeypatch.setattr(f"app.storage.{module}.PAGE_SIZE", 3)
    sizes = {f"objects/{number % 4:02}/{number:032x}": number for number in range(10)}
    for key, size in sizes.items():
        storage.write(key, Generated(size))
    pages = list(storage.pages())
    found = [(each.key, each.size) for page in pages for each in page]
    assert sorted(found) == sorted(sizes.items())
    assert max(map(len, pages)) <= 3


def test_an_empty_storage_lists_nothing(storage: Storage) -> None:
    """No object, no entry."""
    assert listed(storage) == []


def test_only_what_is_below_objects_is_listed(backend: Backend, key: str) -> None:
    """What else stands in the bucket or the folder is none of the service's."""
    backend.storage.write(key, Generated(1))
    backend.storage.write(f"other/{key}", Generated(1))
    assert [each.key for each in listed(backend.storage)] == [key]


@pytest.mark.parametrize("name", ["a b", "a+b", "a%2Bb", "ü€", "a&<b>", "'\""])
def test_a_strange_name_is_listed_as_it_is_and_can_be_deleted(storage: Storage, name: str) -> None:
    """What others have put there comes out of a listing under the key that `delete` takes."""
    storage.write(f"objects/{name}", Generated(1))
    [found] = listed(storage)
    assert found.key == f"objects/{name}"
    storage.delete(found.key)
    assert listed(storage) == []


def test_an_object_ages_by_the_storage_s_clock(storage: Storage, key: str) -> None:
    """What was written just now is some seconds old."""
    storage.write(key, Generated(1))
    assert 0 <= listed(storage)[0].age < 10


def test_deleting_while_pages_come_leaves_out_nothing(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page may be deleted before the next is asked for."""
    for module in ("s3.storage", "filesystem"):
        monkeypatch.setattr(f"app.storage.{module}.PAGE_SIZE", 3)
    for number in range(10):
        storage.write(f"objects/ab/{number:032x}", Generated(1))
    for page in storage.pages():
        for each in page:
            storage.delete(each.key)
    assert listed(storage) == []
