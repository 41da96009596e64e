"""Passing faults of an S3 mark nothing damaged: only its own answers, with ETag and size, can."""

import uuid
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from minio import MinioAdmin
from minio.credentials import StaticProvider
from sqlalchemy import text

from app.objects.identity import IDENTITY
from dev.parts.s3 import S3
from tests.integration.objects.conftest import MakeApp
from tests.integration.objects.sides import Side, side_of
from tests.integration.storage.servers import Gateway, serving
from tests.integration.storage.test_foreign_answers import FOREIGN, response

OBJECT = b"/objects/"

POLICY = """{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["s3:*"], "Resource": ["arn:aws:s3:::*"]},
    {"Effect": "Deny", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::*/objects/.identity"]}]}"""


@pytest.fixture
def gateway(minio_server: S3) -> Iterator[tuple[Gateway, str]]:
    """What stands before MinIO, and where."""
    gateway = Gateway(minio_server.endpoint)
    with serving(gateway) as endpoint:
        yield gateway, endpoint


@pytest.fixture
def side(make_app: MakeApp, new_database: str, minio_server: S3, gateway: tuple[Gateway, str]) -> Side:
    """A service behind it, with a package."""
    keys = {"access_key": minio_server.access_key, "secret_key": minio_server.secret_key}
    bucket = {"endpoint": gateway[1], "bucket": f"truth-{uuid.uuid4().hex[:12]}"}
    side = side_of(make_app(new_database, storage={"backend": "minio"}, minio={**bucket, **keys}))
    side.publish()
    return side


def damaged(side: Side) -> bool:
    """Whether the package carries the mark."""
    with side.parts.database.reading() as connection:
        return connection.scalar(text("SELECT damaged_at FROM packages")) is not None


@pytest.mark.parametrize("what", FOREIGN)
def test_a_download_is_503_and_then_200_again(side: Side, gateway: tuple[Gateway, str], what: str) -> None:
    """Whatever stands in the way answers for the objects only; nothing is marked."""
    gateway[0].answer = lambda head: FOREIGN[what] if OBJECT in head.split(b"\r\n")[0] else None
    assert side.status() == 503
    assert not damaged(side)
    gateway[0].answer = lambda _: None
    assert side.status() == 200


@pytest.mark.parametrize("what", FOREIGN)
def test_scrub_marks_nothing(side: Side, gateway: tuple[Gateway, str], what: str) -> None:
    """It ends and says why; run again, it finds all in order."""
    assert side.parts.identity.settle()
    gateway[0].answer = lambda head: (
        FOREIGN[what] if OBJECT in head.split(b"\r\n")[0] and b"/objects/." not in head else None
    )
    assert side.app.test_cli_runner().invoke(args=["storage", "scrub"]).exit_code == 1
    assert not damaged(side)
    gateway[0].answer = lambda _: None
    assert side.app.test_cli_runner().invoke(args=["storage", "scrub"]).exit_code == 0


def test_412_to_reads_while_the_object_is_as_it_was(side: Side, gateway: tuple[Gateway, str]) -> None:
    """HEAD says the truth and GET does not: they contradict each other, 503."""
    refused = response("412 Precondition Failed", b"")
    gateway[0].answer = lambda head: refused if head.startswith(b"GET") and OBJECT in head else None
    assert side.status() == 503
    assert not damaged(side)


def test_the_s3_s_own_answer_marks_damage(side: Side, gateway: tuple[Gateway, str]) -> None:
    """An object that was overwritten behind the service's back is 502, as ever."""
    [key] = side.keys() - {IDENTITY}
    side.storage.write(key, BytesIO(b"other bytes"))
    assert side.status() == 502
    assert damaged(side)


def test_a_user_who_may_not_read_the_identity(
    make_app: MakeApp, new_database: str, minio_server: S3, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """No comparison, one line that says what the policy lacks; all else goes on, "no such key" too."""
    admin = MinioAdmin(
        endpoint=minio_server.endpoint,
        credentials=StaticProvider(minio_server.access_key, minio_server.secret_key),
        secure=False,
    )
    (tmp_path / "policy.json").write_text(POLICY)
    admin.user_add("blind", "of-the-blind-user")
    admin.policy_add("blind", str(tmp_path / "policy.json"))
    admin.policy_set("blind", user="blind")
    keys = {"access_key": "blind", "secret_key": "of-the-blind-user", "bucket": f"blind-{uuid.uuid4().hex[:12]}"}
    side = side_of(
        make_app(new_database, storage={"backend": "minio"}, minio={"endpoint": minio_server.endpoint, **keys})
    )
    key = side.publish()
    assert side.status() == 200
    assert side.client.get("/health/ready").status_code == 200
    side.storage.delete(key)
    assert side.status() == 502
    [line] = [record.getMessage() for record in caplog.records if IDENTITY in record.getMessage()]
    assert "s3:GetObject" in line
    assert side.command("orphans", "--grace", "0").exit_code == 0
