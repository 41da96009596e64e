"""The log says why the storage fails, once for each change."""

from pathlib import Path

import pytest

from app.errors import StorageFull, StorageUnavailable
from app.objects.identity import StorageMismatch
from app.storage.counted import CountedStorage
from app.storage.failure_log import FailureLog
from app.storage.filesystem import FilesystemStorage
from app.storage.interface import Storage
from app.storage.s3.account import S3Account
from app.storage.s3.storage import MinioStorage
from tests.certificates import self_signed
from tests.integration.storage.servers import encrypted, serving


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What has been logged."""
    return [record.getMessage() for record in caplog.records]


def test_once_for_each_change(caplog: pytest.LogCaptureFixture) -> None:
    """However often it fails, and by whatever operation; that it works again once all do."""
    failures = FailureLog("bucket")
    for operation in ("open", "open", "stat"):
        failures.failed(operation, StorageUnavailable("No."))
    assert said(caplog) == ["storage bucket: open fails: No."]
    failures.failed("open", StorageFull())
    failures.worked("open")
    assert len(said(caplog)) == 2
    failures.worked("stat")
    assert said(caplog)[-1] == "storage bucket: works again"


def test_what_has_its_own_line_is_not_said_again(caplog: pytest.LogCaptureFixture) -> None:
    """Whose the storage is; and what the circuit breaker refuses while the reason is known."""
    failures = FailureLog("bucket")
    for error in (StorageMismatch(), StorageUnavailable("No."), StorageUnavailable()):
        failures.failed("open", error)
    assert said(caplog) == ["storage bucket: open fails: No."]


def test_the_cause_of_a_tls_failure_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """And not told to clients."""
    with serving(encrypted("127.0.0.1:1", *self_signed(tmp_path))) as endpoint:
        beneath: Storage = MinioStorage(S3Account(endpoint, "access", "the-secret", "bucket", use_ssl=True))
        storage = CountedStorage(beneath, lambda _: None, FailureLog("bucket"))
        with pytest.raises(StorageUnavailable) as caught:
            storage.stat("k")
    assert "CERTIFICATE_VERIFY_FAILED" in caplog.text
    assert "the-secret" not in caplog.text
    assert "CERTIFICATE" not in caught.value.detail


def test_a_folder_s_failure_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """With what the operating system said."""
    (tmp_path / "file").write_text("")
    beneath = FilesystemStorage(tmp_path / "file" / "below")
    with pytest.raises(StorageUnavailable):
        CountedStorage(beneath, lambda _: None, FailureLog("below")).ping()
    assert "Not a directory" in caplog.text
