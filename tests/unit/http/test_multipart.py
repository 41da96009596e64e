"""The form reader, fed with every split of its input."""

import itertools
import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import BadRequest, Invalid, ServiceError, TooLarge, UnsupportedMediaType, UploadInterrupted
from app.http.forms.form import MAX_TEXT, FormReader, boundary_of
from app.http.forms.parts import DIRECT, LOOK_AHEAD, MAX_HEADER, MAX_OVERHEAD, MAX_PARTS, WINDOW

BOUNDARY = b"bound-ary"
DELIMITER = b"\r\n--" + BOUNDARY
MAX_FILE = 1 << 22


class Pieces:
    """A body that arrives in the pieces given."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self.pieces = [piece for piece in pieces if piece]

    def readinto(self, buffer: memoryview) -> int:
        if not self.pieces:
            return 0
        piece = self.pieces.pop(0)
        count = min(len(piece), len(buffer))
        buffer[:count] = piece[:count]
        if count < len(piece):
            self.pieces.insert(0, piece[count:])
        return count


def part(disposition: str | bytes, content: bytes, *more: bytes) -> bytes:
    """One part of a form, with its delimiter before it."""
    if isinstance(disposition, str):
        disposition = disposition.encode()
    lines = [b"Content-Disposition: form-data; " + disposition, *more]
    return DELIMITER + b"\r\n" + b"\r\n".join(lines) + b"\r\n\r\n" + content


FILE = part('name="file"; filename="agent.bin"', b"the bytes")
NAME = part('name="name"', b"opamp-agent")
END = DELIMITER + b"--\r\n"


READ_SIZES = {"through the window": 4096, "past the window": 2 * DIRECT}
reading = {"size": 0}


@pytest.fixture(autouse=True, scope="module", params=READ_SIZES)
def usual_read_size(request: pytest.FixtureRequest) -> None:
    """Every test with buffers of both kinds."""
    reading["size"] = READ_SIZES[request.param]


Form = tuple[str, str | None, bytes, dict[str, list[str]]]
"""File name, content type, content, fields."""


def receive(pieces: Sequence[bytes], read_size: int | None = None) -> Form:
    """Read a whole form."""
    form = FormReader(Pieces(pieces), BOUNDARY, MAX_FILE)
    file = form.open_file()
    content = bytearray()
    block = memoryview(bytearray(read_size or reading["size"]))
    while count := file.source.readinto(block):
        content += block[:count]
    return file.file_name, file.content_type, bytes(content), form.finish()


def split(body: bytes, cuts: Sequence[int]) -> list[bytes]:
    """`body` cut at the places given."""
    places = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    return [body[begin:end] for begin, end in itertools.pairwise(places)]


# Content made of what boundaries are made of comes closest to being taken for one.
tricky = st.lists(
    st.sampled_from([b"\r", b"\n", b"-", b"--", b"\r\n--", BOUNDARY, BOUNDARY[:-1], b"\r\n--" + BOUNDARY[:-1], b"x"])
).map(b"".join)
contents = st.one_of(st.binary(max_size=300), tricky).filter(
    lambda content: b"--" + BOUNDARY not in b"\r\n" + content + b"\r\n"
)


@given(
    contents,
    st.text(max_size=20),
    st.lists(st.integers(0, 2000), max_size=12),
    st.sampled_from([*range(1, 50), 2 * DIRECT]),
)
def test_any_split_gives_the_same_parts(content: bytes, text: str, cuts: list[int], read_size: int) -> None:
    """However the body is cut on its way, file and fields come out as they were sent."""
    body = b"".join(
        [
            part('name="before"', text.encode()),
            part('name="file"; filename="a"', content, b"Content-Type: text/x"),
            part('name="after"', text.encode()),
            END,
        ]
    )
    assert receive(split(body, cuts), read_size) == ("a", "text/x", content, {"before": [text], "after": [text]})


@pytest.mark.parametrize("size", [0, 1, WINDOW - 1, WINDOW, WINDOW + 1, 3 * WINDOW + 17])
def test_file_of_any_size_comes_out_whole(size: int) -> None:
    """Files around the size of the buffer lose no byte at its edges."""
    content = bytes(index * 31 % 251 for index in range(size))
    assert receive([part('name="file"; filename="a"', content) + END])[2] == content


@pytest.mark.parametrize("last", [b"", DELIMITER[:-1], DELIMITER + b"x", DELIMITER + b"-"])
def test_file_may_end_anywhere_about_the_end_of_a_full_buffer(last: bytes) -> None:
    """The delimiter, or what looks like one, at every place about the end of a buffer that is filled at once."""
    whole = random.Random(last).randbytes(WINDOW + 3 * DIRECT)
    end = WINDOW + DIRECT
    for near, step in itertools.product((end, end + LOOK_AHEAD), range(-200, 40, 5)):
        content = whole[: near + step] + last
        form = part('name="file"; filename="a"', content) + END
        assert receive([form], DIRECT)[2] == content
        content += whole
        assert receive([part('name="file"; filename="a"', content) + END], DIRECT)[2] == content


def test_longer_boundary_in_the_file_is_content() -> None:
    """A line of the file that begins with the boundary and goes on belongs to the file."""
    content = b"--" + BOUNDARY + b"x\r\n--" + BOUNDARY + b" y\r\n--" + BOUNDARY + b"-\r\n"
    assert receive([part('name="file"; filename="a"', content) + END])[2] == content


@pytest.mark.parametrize("before", [b"", b"\r\n", b"This is a preamble.\r\n\r\n"])
@pytest.mark.parametrize("after", [b"", b"\r\n", b"an epilogue"])
def test_preamble_and_epilogue_are_passed_over(before: bytes, after: bytes) -> None:
    """What stands before the first and after the last boundary is no part of the form (RFC 2046, 5.1.1)."""
    body = before + (FILE + NAME + END)[2:].rstrip() + after
    assert receive([body]) == ("agent.bin", None, b"the bytes", {"name": ["opamp-agent"]})


def test_padding_after_a_boundary_is_allowed() -> None:
    """Blanks may follow a boundary on its line (RFC 2046, 5.1.1)."""
    padded = FILE.replace(BOUNDARY, BOUNDARY + b" \t")
    assert receive([padded + END])[2] == b"the bytes"


def test_folded_part_header_is_read() -> None:
    """A part's header line may be continued on the next (RFC 5322, 2.2.3)."""
    folded = FILE.replace(b"; filename", b";\r\n\tfilename")
    assert receive([folded + END])[0] == "agent.bin"


def test_part_without_content_may_share_its_line_end() -> None:
    """The delimiter may follow the blank line at once."""
    body = part('name="description"', b"")[:-2] + FILE + END
    assert receive([body])[3] == {"description": [""]}


@pytest.mark.parametrize(
    ("sent", "file_name"),
    [
        ('filename="a b.bin"', "a b.bin"),
        ("filename=plain.bin", "plain.bin"),
        ('filename="C:\\dir\\x.exe"', "C:\\dir\\x.exe"),
        ('filename="../../etc/passwd"', "../../etc/passwd"),
        ('filename="a%22b.bin"', 'a"b.bin'),
        ('filename="a\\"b.bin"', 'a"b.bin'),
        ('filename="a\\\\b.bin"', "a\\b.bin"),
        ('filename="a;b=c.bin"', "a;b=c.bin"),
        ("filename=fallback; filename*=utf-8'de'gr%C3%B6%C3%9Fe.bin", "größe.bin"),
        ('filename="größe-配置.bin"', "größe-配置.bin"),
        ("filename*=UTF-8''gr%C3%B6%C3%9Fe.bin", "größe.bin"),
    ],
)
def test_file_name_comes_as_it_was_sent(sent: str, file_name: str) -> None:
    """Raw UTF-8, browsers' %22, curl's backslash, paths and RFC 2231 all give the name meant."""
    assert receive([part(f'name="file"; {sent}', b"x") + END])[0] == file_name


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
def test_wrong_names_are_invalid(disposition: bytes, field: str) -> None:
    """Names that are not UTF-8, a file without a name, text sent as a file: 422 on that field."""
    with pytest.raises(Invalid) as caught:
        receive([part(disposition, b"x") + FILE + END])
    assert list(caught.value.errors) == [field]


@pytest.mark.parametrize("body", [NAME + END, END, b"--" + BOUNDARY + b"--"])
def test_form_without_file_is_invalid(body: bytes) -> None:
    """A form that ends without a file is refused on that field."""
    with pytest.raises(Invalid) as caught:
        receive([body])
    assert list(caught.value.errors) == ["file"]


def test_second_file_is_invalid() -> None:
    """Exactly one file may come."""
    with pytest.raises(Invalid):
        receive([FILE + NAME + FILE + END])


def test_field_in_another_encoding_is_invalid() -> None:
    """A text field must be UTF-8."""
    with pytest.raises(Invalid) as caught:
        receive([part('name="description"', b"\xff") + FILE + END])
    assert list(caught.value.errors) == ["description"]


def test_repeated_field_keeps_all_values() -> None:
    """Every value of a field is handed on, so that a repeated one can be refused by name."""
    assert receive([NAME + FILE + NAME + END])[3] == {"name": ["opamp-agent", "opamp-agent"]}


@given(st.integers(0, len(FILE + NAME + END) - 3))
def test_form_cut_anywhere_is_refused(length: int) -> None:
    """A body that ends before its closing boundary is a 400, wherever it was cut."""
    with pytest.raises(BadRequest):
        receive([(FILE + NAME + END)[:length]])


def test_cut_within_the_file_is_an_interruption() -> None:
    """A file that ends with the body is never complete."""
    with pytest.raises(UploadInterrupted):
        receive([FILE])


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
def test_malformed_and_boundless_forms_are_refused(body: bytes, refusal: type[ServiceError]) -> None:
    """Each limit of the form, and each defect of its parts, ends in its refusal."""
    with pytest.raises(refusal):
        receive([body])


def test_limits_themselves_are_allowed() -> None:
    """A file of the largest size, a full megabyte of text and the largest number of parts pass."""
    fields = b"".join(part(f'name="f{i}"', b"") for i in range(MAX_PARTS - 2))
    body = part('name="a"', b"x" * MAX_TEXT) + part('name="file"; filename="a"', b"x" * MAX_FILE) + fields + END
    assert len(receive([body], 1 << 20)[2]) == MAX_FILE


def test_long_header_of_a_part_is_allowed() -> None:
    """A header just under its limit is read."""
    filler = b"X-Long: " + b"x" * (MAX_HEADER - 200)
    assert receive([part('name="file"; filename="a"', b"x", filler) + END])[2] == b"x"


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
