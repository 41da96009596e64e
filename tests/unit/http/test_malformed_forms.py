"""What the form reader refuses, and its limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import BadRequest, Invalid, ServiceError, TooLarge, UnsupportedMediaType, UploadInterrupted
from app.http.forms.form import MAX_TEXT, boundary_of
from app.http.forms.parts import MAX_HEADER, MAX_OVERHEAD, MAX_PARTS, WINDOW
from tests.unit.http.forms import BOUNDARY, END, FILE, MAX_FILE, NAME, part, receive


@pytest.mark.parametrize(
    ("disposition", "field"),
    [
        (b'name="file"; filename="\xff.bin"', "file"),
        (b"name=\"file\"; filename*=UTF-8''%FF.bin", "file"),
        (b"name=\"file\"; filename*=latin1''%FF.bin", "file"),
        (b'name="\xff"', "_schema"),
        (b'name="file"', "file"),
        (b'name="file"; filename=""', "file"),
        (b'name="name"; filename="a"', "name"),
    ],
)
def test_wrong_names_are_invalid(disposition: bytes, field: str, read_size: int) -> None:
    """Names that are not UTF-8, a file without a name, text sent as a file: 422 on that field."""
    with pytest.raises(Invalid) as caught:
        receive([part(disposition, b"x") + FILE + END], read_size)
    assert list(caught.value.errors) == [field]


@pytest.mark.parametrize("body", [NAME + END, END, b"--" + BOUNDARY + b"--"])
def test_form_without_file_is_invalid(body: bytes, read_size: int) -> None:
    """A form that ends without a file is refused on that field."""
    with pytest.raises(Invalid) as caught:
        receive([body], read_size)
    assert list(caught.value.errors) == ["file"]


def test_second_file_is_invalid(read_size: int) -> None:
    """Exactly one file may come."""
    with pytest.raises(Invalid):
        receive([FILE + NAME + FILE + END], read_size)


def test_field_in_another_encoding_is_invalid(read_size: int) -> None:
    """A text field must be UTF-8."""
    with pytest.raises(Invalid) as caught:
        receive([part('name="description"', b"\xff") + FILE + END], read_size)
    assert list(caught.value.errors) == ["description"]


def test_repeated_field_keeps_all_values(read_size: int) -> None:
    """Every value of a field is handed on, so that a repeated one can be refused by name."""
    assert receive([NAME + FILE + NAME + END], read_size)[3] == {"name": ["opamp-agent", "opamp-agent"]}


@given(length=st.integers(0, len(FILE + NAME + END) - 3))
def test_form_cut_anywhere_is_refused(length: int, read_size: int) -> None:
    """A body that ends before its closing boundary is a 400, wherever it was cut."""
    with pytest.raises(BadRequest):
        receive([(FILE + NAME + END)[:length]], read_size)


def test_cut_within_the_file_is_an_interruption(read_size: int) -> None:
    """A file that ends with the body is never complete."""
    with pytest.raises(UploadInterrupted):
        receive([FILE], read_size)


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (b"\r\n--other\r\n" + FILE[13:], BadRequest),
        (b"x" * (MAX_OVERHEAD + WINDOW), TooLarge),
        (part('name="name"', b"x", b"X-Long: " + b"x" * (1 << 20)) + FILE + END, BadRequest),
        (b"".join(part(f'name="f{i}"', b"x") for i in range(5000)) + FILE + END, BadRequest),
        (part('name="description"', b"x" * (10 << 20)) + FILE + END, TooLarge),
        (part('name="a"', b"x" * MAX_TEXT) + FILE + part('name="b"', b"x") + END, TooLarge),
        (part('name="file"; filename="a"', b"x" * (MAX_FILE + 1)) + END, TooLarge),
        (FILE + END + b"x" * (MAX_OVERHEAD + WINDOW), TooLarge),
        (FILE.replace(b"form-data", b"attachment") + END, BadRequest),
        (FILE.replace(b"; name", b"; other") + END, BadRequest),
        (FILE.replace(b'agent.bin"', b"agent.bin") + END, BadRequest),
        (FILE.replace(b"; name", b"; name=other; name") + END, BadRequest),
        (FILE.replace(b"Content-Disposition:", b"Content-Disposition") + END, BadRequest),
        (part('name="file"; filename="a"', b"eA==", b"Content-Transfer-Encoding: base64") + END, UnsupportedMediaType),
        (part('name="file"; filename="a"', b"x", b'Content-Disposition: form-data; name="b"') + END, BadRequest),
        (b"\r\n--" + BOUNDARY + b"\r\n\r\ncontent" + END, BadRequest),
    ],
)
def test_malformed_and_boundless_forms_are_refused(body: bytes, refusal: type[ServiceError], read_size: int) -> None:
    """Each limit of the form, and each defect of its parts, ends in its refusal."""
    with pytest.raises(refusal):
        receive([body], read_size)


def test_limits_themselves_are_allowed() -> None:
    """A file of the largest size, a full megabyte of text and the largest number of parts pass."""
    fields = b"".join(part(f'name="f{i}"', b"") for i in range(MAX_PARTS - 2))
    body = part('name="a"', b"x" * MAX_TEXT) + part('name="file"; filename="a"', b"x" * MAX_FILE) + fields + END
    assert len(receive([body], 1 << 20)[2]) == MAX_FILE


def test_long_header_of_a_part_is_allowed(read_size: int) -> None:
    """A header just under its limit is read."""
    filler = b"X-Long: " + b"x" * (MAX_HEADER - 200)
    assert receive([part('name="file"; filename="a"', b"x", filler) + END], read_size)[2] == b"x"


@pytest.mark.parametrize("content_type", ["", "application/json", "multipart/mixed; boundary=a", "text/plain"])
def test_other_content_type_is_unsupported(content_type: str) -> None:
    """Only multipart/form-data is a form."""
    with pytest.raises(UnsupportedMediaType):
        boundary_of(content_type)


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary="ä"',
        "multipart/form-data; x",
    ],
)
def test_missing_boundary_is_malformed(content_type: str) -> None:
    """A form without a usable boundary is a 400, not a 415."""
    with pytest.raises(BadRequest):
        boundary_of(content_type)


def test_quoted_boundary_is_read() -> None:
    """Boundaries may be quoted, and the media type is case-insensitive."""
    assert boundary_of('Multipart/Form-Data; charset=x; Boundary="a b:c"') == b"a b:c"
