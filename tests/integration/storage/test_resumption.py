"""What `Resumption` of app/storage/interface.py promises, on every backend."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from app.errors import ObjectNotFound, PartsLost, StorageUnavailable, Superseded
from app.storage.hashing import Memory
from app.storage.interface import Resumption, SoFar, Storage, StoredPart, WrittenObject
from app.storage.s3.multipart import PART_SIZE, list_uploads
from app.storage.s3.storage import MinioStorage
from tests.integration.storage.conftest import Backend
from tests.integration.storage.sources import Generated, content, digest, drained

NOTHING = SoFar(0, PART_SIZE)


@dataclass
class Noted:
    """A `Progress` that keeps what it is told; `check` is called where a change is to be made."""

    so_far: SoFar = NOTHING
    sizes: list[int] = field(default_factory=list)
    check: Callable[[], None] = lambda: None

    def insist(self) -> None:
        """Raise what `check` raises."""
        self.check()

    def begun(self, upload_id: str) -> None:
        """Keep the id."""
        self.check()
        self.so_far = replace(self.so_far, upload_id=upload_id)

    def stored(self, so_far: SoFar) -> None:
        """Keep how far it is."""
        self.sizes.append(so_far.size)
        self.so_far = so_far


@pytest.fixture
def resumption(storage: Storage) -> Resumption:
    """The ability, which all backends have."""
    found = storage.resumption()
    assert found is not None
    return found


def superseded() -> None:
    """Another has taken over."""
    raise Superseded


def piece(start: int, end: int) -> Generated:
    """Bytes `start` to `end` of the generated file."""
    source = Generated(end)
    source.position = start
    return source


def begun(resumption: Resumption, key: str, end: int) -> Noted:
    """An object of which `end` bytes, whole parts, are stored."""
    progress = Noted()
    resumption.go_on(key, progress.so_far, piece(0, end), progress)
    assert progress.so_far.size == end
    return progress


@pytest.mark.parametrize("cuts", [(), (1,), (2,), (1, 2, 3)])
@pytest.mark.parametrize("rest", [0, 1, PART_SIZE - 1])
def test_an_object_of_several_goes_is_read(
    storage: Storage, resumption: Resumption, key: str, cuts: tuple[int, ...], rest: int
) -> None:
    """Wherever it was left off, it comes back whole."""
    size = 3 * PART_SIZE + rest
    progress, parts, last = Noted(), {}, memoryview(b"")
    for start, end in zip((0, *cuts), (*cuts, None), strict=True):
        source = piece(start * PART_SIZE, size if end is None else end * PART_SIZE)
        going_on = replace(progress.so_far, parts=())
        so_far, last = resumption.go_on(key, going_on, source, progress)
        progress.so_far = so_far
        parts |= {part.number: part for part in so_far.parts}
    whole = replace(progress.so_far, parts=tuple(parts.values()))
    written = resumption.finish(key, whole, last, progress)
    assert written == storage.stat(key)
    assert drained(storage.open(key, expected=written)) == (size, digest(size))


def test_parts_are_told_in_order(resumption: Resumption, key: str) -> None:
    """What is told is whole parts, each after the one before it."""
    progress = Noted()
    _, rest = resumption.go_on(key, progress.so_far, piece(0, 4 * PART_SIZE + 5), progress)
    assert progress.sizes[-1] == 4 * PART_SIZE
    assert progress.sizes == sorted(set(progress.sizes))
    assert all(size % PART_SIZE == 0 for size in progress.sizes)
    assert bytes(rest) == content(5, 4 * PART_SIZE)


def test_less_than_a_part_is_stored_by_nobody(backend: Backend, resumption: Resumption, key: str) -> None:
    """It is given back, and the storage is left as it was."""
    progress = Noted()
    so_far, rest = resumption.go_on(key, progress.so_far, piece(0, 5), progress)
    assert (so_far.size, bytes(rest), progress.sizes, backend.keys()) == (0, content(5), [], set())


def test_what_was_stored_beyond_is_overwritten(storage: Storage, resumption: Resumption, key: str) -> None:
    """A part that nobody was told of gives way to other bytes."""
    progress = begun(resumption, key, PART_SIZE)
    resumption.go_on(key, progress.so_far, Memory(memoryview(bytes(2 * PART_SIZE))), Noted())
    so_far, rest = resumption.go_on(key, progress.so_far, piece(PART_SIZE, 2 * PART_SIZE + 7), progress)
    written = resumption.finish(key, so_far, rest, progress)
    assert drained(storage.open(key, expected=written)) == (2 * PART_SIZE + 7, digest(2 * PART_SIZE + 7))


def test_nothing_is_there_before_it_is_finished(storage: Storage, resumption: Resumption, key: str) -> None:
    """No object stands under the key while parts come."""
    begun(resumption, key, PART_SIZE)
    with pytest.raises(ObjectNotFound):
        storage.stat(key)


def test_ended_writes_leave_nothing(backend: Backend, resumption: Resumption, key: str) -> None:
    """abort_uploads and delete remove the parts, and going on says that they are lost."""
    progress = begun(resumption, key, PART_SIZE)
    backend.storage.abort_uploads(key)
    assert backend.keys() == set()
    with pytest.raises(PartsLost):
        resumption.go_on(key, progress.so_far, piece(PART_SIZE, 2 * PART_SIZE), progress)
    with pytest.raises(PartsLost):
        resumption.finish(key, progress.so_far, memoryview(b"end"), progress)


def test_a_superseded_write_is_not_finished(storage: Storage, resumption: Resumption, key: str) -> None:
    """Who was superseded makes no object, and the parts stay for who goes on."""
    progress = begun(resumption, key, PART_SIZE)
    with pytest.raises(Superseded):
        resumption.finish(key, progress.so_far, memoryview(b"other"), replace(progress, check=superseded))
    with pytest.raises(ObjectNotFound):
        storage.stat(key)
    written = resumption.finish(key, progress.so_far, memoryview(b"end"), progress)
    assert storage.stat(key) == written == WrittenObject(PART_SIZE + 3, written.fingerprint)


def test_a_source_that_fails_keeps_what_was_told(resumption: Resumption, key: str) -> None:
    """The parts before it are told, and the error is the source's."""

    def fail() -> None:
        raise StorageUnavailable("the source")

    progress = Noted()
    source = Generated(10 * PART_SIZE, at_byte={8 * PART_SIZE: fail})
    with pytest.raises(StorageUnavailable, match="the source"):
        resumption.go_on(key, progress.so_far, source, progress)
    assert PART_SIZE <= progress.so_far.size <= 8 * PART_SIZE
    so_far, rest = resumption.go_on(key, progress.so_far, piece(progress.so_far.size, 9 * PART_SIZE), progress)
    assert resumption.finish(key, so_far, rest, progress).size == 9 * PART_SIZE


def test_a_finish_ends_other_uploads_of_its_key(s3_storage: MinioStorage, key: str) -> None:
    """Two multipart uploads of one key: the one that is completed leaves no other open."""
    resumption = s3_storage.resumption()
    progress = begun(resumption, key, PART_SIZE)
    begun_id = progress.so_far.upload_id
    begun(resumption, key, PART_SIZE)
    assert begun_id not in list_uploads(s3_storage._client, key)


def test_a_superseded_begin_ends_its_own_upload_only(s3_storage: MinioStorage, key: str) -> None:
    """What the one that goes on has opened stays."""
    resumption = s3_storage.resumption()
    progress = begun(resumption, key, PART_SIZE)
    with pytest.raises(Superseded):
        resumption.go_on(key, SoFar(0, PART_SIZE), piece(0, PART_SIZE), Noted(check=superseded))
    assert list_uploads(s3_storage._client, key) == [progress.so_far.upload_id]


def test_a_late_part_of_other_bytes_is_refused(s3_storage: MinioStorage, key: str) -> None:
    """What a superseded worker has sent over ours is never put together with it; sent again, it is."""
    resumption = s3_storage.resumption()
    progress = begun(resumption, key, 2 * PART_SIZE)
    before = progress.so_far
    late = Memory(memoryview(bytes(PART_SIZE)))
    resumption.go_on(key, SoFar(0, PART_SIZE, before.upload_id), late, Noted())
    with pytest.raises(PartsLost):
        resumption.finish(key, before, memoryview(b"end"), progress)
    resumption.go_on(key, SoFar(0, PART_SIZE, before.upload_id), piece(0, PART_SIZE), Noted())
    written = resumption.finish(key, before, memoryview(b"end"), progress)
    assert s3_storage.stat(key) == written


def test_another_etag_of_the_same_bytes_is_taken(s3_storage: MinioStorage, key: str) -> None:
    """Encrypted buckets give equal bytes another ETag: size and CRC-32C decide."""
    resumption = s3_storage.resumption()
    progress = begun(resumption, key, PART_SIZE)
    [part] = progress.so_far.parts
    other = replace(progress.so_far, parts=(StoredPart(1, "0" * 32, part.checksum),))
    assert resumption.finish(key, other, memoryview(b""), progress) == s3_storage.stat(key)
