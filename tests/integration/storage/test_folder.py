"""What is particular to a folder: the marker, the temporary name, a full disk, sendfile."""

import errno
import os
import shutil
from pathlib import Path

import pytest

from app.errors import ObjectNotFound, StorageFull, StorageUnavailable
from app.storage.filesystem import MARKER, FilesystemStorage
from tests.integration.storage.sources import Generated, content, drained


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder that is not there yet."""
    return tmp_path / "deep" / "objects"


def test_the_folder_is_made_at_first_use(root: Path) -> None:
    """Nothing is made by the constructor; the first write makes all of it."""
    storage = FilesystemStorage(root)
    assert not root.parent.exists()
    storage.write("objects/ab/k", Generated(10))
    assert (root / MARKER).exists()


def test_an_unmounted_folder_is_unavailable(root: Path) -> None:
    """An empty mount point is not an empty storage: nothing is "not found" there, and nothing is written."""
    storage = FilesystemStorage(root)
    written = storage.write("objects/ab/k", Generated(10))
    shutil.rmtree(root)
    for away in (True, False):
        if not away:
            root.mkdir()
        for operation in (
            lambda: storage.stat("objects/ab/k"),
            lambda: storage.open("objects/ab/k", expected=written),
            lambda: storage.delete("objects/ab/k"),
            lambda: storage.abort_uploads("objects/ab/k"),
            lambda: storage.write("objects/ab/new", Generated(10)),
            storage.ping,
            lambda: list(storage.pages()),
        ):
            with pytest.raises(StorageUnavailable):
                operation()
    assert list(root.iterdir()) == []


def test_a_folder_is_not_made_for_a_service_with_packages(root: Path) -> None:
    """Where rows tell of objects, an absent folder is a loss and not a beginning."""
    with pytest.raises(StorageUnavailable):
        FilesystemStorage(root, may_create=lambda: False).ping()
    assert not root.exists()


def test_a_half_written_file_has_another_name(root: Path) -> None:
    """Until it is whole, an object is not to be found under its key; a crash leaves only the temporary file."""
    storage, seen = FilesystemStorage(root), []
    storage.write("objects/ab/k", Generated(20, at_byte={0: lambda: seen.extend((root / "objects/ab").iterdir())}))
    assert [path.name for path in seen] == ["k.part"]


def test_what_a_crash_left_is_removed(root: Path) -> None:
    """abort_uploads and delete both remove the temporary file."""
    storage = FilesystemStorage(root)
    storage.write("objects/ab/k", Generated(1))
    left_over = root / "objects/ab/other.part"
    for clean_up in (storage.abort_uploads, storage.delete):
        left_over.write_bytes(b"half")
        clean_up("objects/ab/other")
        assert not left_over.exists()


def test_a_half_written_file_is_listed_as_such(root: Path) -> None:
    """It has the key that it was to be written to, and is told from an object."""
    storage = FilesystemStorage(root)
    storage.write("objects/ab/k", Generated(1))
    (root / "objects/ab/other.part").write_bytes(b"half")
    [page] = storage.pages()
    assert {(each.key, each.size, each.is_unfinished) for each in page} == {
        ("objects/ab/k", 1, False),
        ("objects/ab/other", 4, True),
    }


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told(root: Path, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Full is not unavailable, and nothing of the file stays. (A mock: a test may not fill the disk.)"""
    storage = FilesystemStorage(root)
    storage.ping()

    def full(descriptor: int, block: memoryview) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("app.storage.filesystem.os.write", full)
    with pytest.raises(StorageFull):
        storage.write("objects/ab/k", Generated(10))
    assert list((root / "objects/ab").iterdir()) == []


def test_a_reader_serves_sendfile(root: Path) -> None:
    """Its descriptor stands at the first byte of the range."""
    storage = FilesystemStorage(root)
    written = storage.write("objects/ab/k", Generated(100))
    reader = storage.open("objects/ab/k", expected=written, start=40, length=10)
    descriptor = reader.fileno()  # type: ignore[attr-defined]
    assert os.read(descriptor, 10) == content(10, 40)
    assert os.lseek(descriptor, 0, os.SEEK_CUR) == 50
    reader.close()


def test_a_file_cut_while_it_is_read_is_told(root: Path) -> None:
    """A body that ends early raises: it must never look whole."""
    storage = FilesystemStorage(root)
    written = storage.write("objects/ab/k", Generated(100))
    reader = storage.open("objects/ab/k", expected=written)
    reader.read(10)
    os.truncate(root / "objects/ab/k", 50)
    with pytest.raises(StorageUnavailable):
        drained(reader)
    reader.close()


def test_a_copy_has_another_fingerprint(root: Path) -> None:
    """A file that was copied over with the same times and size is still told from the one that was written."""
    storage = FilesystemStorage(root)
    written = storage.write("objects/ab/k", Generated(100))
    shutil.copy2(root / "objects/ab/k", root / "copy")
    (root / "copy").rename(root / "objects/ab/k")
    restored = storage.stat("objects/ab/k")
    assert restored.size == written.size
    assert restored.fingerprint != written.fingerprint


def test_a_missing_file_is_not_found_beside_others(root: Path) -> None:
    """The folder being ours, a file that is not there is not found."""
    storage = FilesystemStorage(root)
    storage.ping()
    with pytest.raises(ObjectNotFound):
        storage.stat("objects/ab/k")
