"""File names, content types and digests as clients send them."""

import base64
import hashlib

import pytest
from marshmallow import ValidationError

from app.packages import fields

DIGEST = hashlib.sha256(b"agent")
ENCODED = base64.b64encode(DIGEST.digest()).decode()


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("agent.tar.gz", "agent.tar.gz"),
        ("../../etc/passwd", "passwd"),
        (r"C:\fakepath\agent.exe", "agent.exe"),
        ('/absolute/агент 1.0;".bin', 'агент 1.0;".bin'),
        ("...", "..."),
        (" leading and trailing ", " leading and trailing "),
        ("x" * 255, "x" * 255),
    ],
)
def test_a_file_name_is_what_follows_the_last_slash_kept_exactly(sent: str, kept: str) -> None:
    """Paths of any system are cut off; all else stays."""
    assert fields.file_name(sent) == kept


@pytest.mark.parametrize(
    "sent", ["", ".", "..", "a/", "a\\..", "x" * 256, "a\nb", "a\x00b", "a\x7fb", "a\x85b", "a\u202eb", "a\ud800"]
)
def test_a_file_name_that_could_deceive_is_refused(sent: str) -> None:
    """Empty and dot names, control and bidirectional characters, and overlong names are no file names."""
    with pytest.raises(ValidationError):
        fields.file_name(sent)


@pytest.mark.parametrize("sent", ["application/x-tar", "text/plain; charset=utf-8", 'a/b;c="d e"'])
def test_a_valid_media_type_is_kept(sent: str) -> None:
    """RFC 9110, 8.3.1, parameters included."""
    assert fields.content_type(sent) == sent


@pytest.mark.parametrize("sent", [None, "", "nonsense", "a/b\r\nX: y", "text/", "a/b;", "t/" + "x" * 254, "t/é"])
def test_what_is_no_media_type_becomes_octet_stream(sent: str | None) -> None:
    """A stored type always fits into one header line."""
    assert fields.content_type(sent) == "application/octet-stream"


@pytest.mark.parametrize("header", [f"sha-256=:{ENCODED}:", f"md5=:AAAA:, sha-256=:{ENCODED}:"])
def test_the_sha_256_of_a_repr_digest_is_read(header: str) -> None:
    """RFC 9530, 3: among others too."""
    assert fields.repr_digest(header) == DIGEST.hexdigest()


def test_other_algorithms_alone_declare_nothing() -> None:
    """A digest that we do not compute is no reason to refuse."""
    assert fields.repr_digest("sha-512=:AAAA:") is None


@pytest.mark.parametrize("header", ["", "sha-256", "sha-256=abc", "sha-256=:AAAA:", "sha-256=:%%%%:", "sha-256=:A:"])
def test_a_malformed_repr_digest_is_refused(header: str) -> None:
    """A client that asks for a check must not believe that it was made."""
    with pytest.raises(ValidationError):
        fields.repr_digest(header)
